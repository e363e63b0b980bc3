-- note_receipt: a receiver that knows a number already (TA1 note 025) has said that our earlier attempt arrived.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id, interchange_id bigint
-- Returns: nothing; the effect of the answers
-- Locks: none of other tables
-- Leaves out: files that were not sent again: for them the number was somebody else's
UPDATE billing.incoming_answer a
SET effect = 'applied'
FROM billing.interchange x
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.interchange_id = %(interchange_id)s
    AND a.source = 'TA1' AND a.outcome = 'rejected' AND a.status_code = '025'
    AND x.interchange_id = a.interchange_id AND x.resend_count > 0
