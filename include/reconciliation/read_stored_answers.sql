-- read_stored_answers: the files and claims that stored answers of a receiver name.
-- Called by: evidence.gather
-- Parameters: receiver_code text, submitter_id text
-- Returns: one row per pair: control_number (absent: none of ours), claim_number (absent: not about a claim)
-- Locks: none
-- Leaves out: answers to somebody else
SELECT DISTINCT a.control_number, a.claim_number
FROM billing.acknowledgment a
JOIN billing.inbox_file f USING (inbox_file_id)
WHERE f.receiver_code = %(receiver_code)s AND a.submitter_id = %(submitter_id)s
    AND (a.control_number IS NOT NULL OR a.claim_number IS NOT NULL)
