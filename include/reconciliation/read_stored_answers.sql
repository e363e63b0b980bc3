-- read_stored_answers: the files and claims that stored answers to us name, in whose folder ever they lay.
-- Called by: evidence.gather
-- Parameters: submitter_id text
-- Returns: one row per combination: sender_id (absent: not stated), source (TA1, 999, 277CA), control_number (absent:
--   none of ours), claim_number (absent: not about a claim)
-- Locks: none
-- Leaves out: answers to somebody else
SELECT DISTINCT a.sender_id, a.source, a.control_number, a.claim_number
FROM billing.acknowledgment a
WHERE a.submitter_id = %(submitter_id)s
    AND (a.control_number IS NOT NULL OR a.claim_number IS NOT NULL)
