-- find_number_ahead: whether an answer to us names a control number that this database has not given yet.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint, receiver_code text
-- Returns: one row (position of the first such answer), or none
-- Locks: none
-- Leaves out: answers addressed to another submitter
SELECT a.position
FROM billing.incoming_answer a
JOIN billing.receiver v ON v.receiver_code = %(receiver_code)s
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.submitter_id = v.submitter_id
    AND a.control_number > v.last_control_number
ORDER BY a.position
LIMIT 1
