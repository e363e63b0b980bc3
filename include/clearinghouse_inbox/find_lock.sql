-- find_lock: why all sending must stop: an answer to us says what only an older state of this database explains.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: one row: lock_code (number_reused before number_ahead), or none
-- Locks: none
-- Leaves out: what match_answers.sql leaves out; a number used before of a file that was rejected for it (reject_files.sql)
SELECT max(a.lock_code) AS lock_code
FROM billing.incoming_answer a
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.lock_code IS NOT NULL
HAVING count(*) > 0
