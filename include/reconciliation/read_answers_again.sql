-- read_answers_again: has the inbox read the answers once more that named a file or claims before they were known here.
-- Called by: adoption.read_answers_again
-- Parameters: receiver_code text, control_number integer, claim_numbers text[]
-- Returns: one row per file of answers: inbox_file_id
-- Locks: the files of answers
-- Leaves out: answers that counted when they came; answers to or from somebody else
WITH again AS (
    SELECT DISTINCT f.inbox_file_id
    FROM billing.inbox_file f
    JOIN billing.acknowledgment a USING (inbox_file_id)
    JOIN billing.receiver v ON v.submitter_id = a.submitter_id
        AND a.sender_id IN (v.answer_sender_id, v.receiver_id)
    WHERE v.receiver_code = %(receiver_code)s AND f.file_state IN ('applied', 'waiting') AND a.effect = 'unknown'
        AND (a.control_number = %(control_number)s OR a.claim_number = ANY(%(claim_numbers)s::text[]))
), forgotten AS (
    DELETE FROM billing.acknowledgment a USING again g WHERE a.inbox_file_id = g.inbox_file_id
)
UPDATE billing.inbox_file f
SET file_state = 'received', decided_at = NULL
FROM again g
WHERE f.inbox_file_id = g.inbox_file_id
RETURNING f.inbox_file_id
