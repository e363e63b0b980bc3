-- name_claims: the claims that are rejected together: with their file, their transaction set or their batch.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing; writes billing.incoming_claim
-- Locks: none of other tables
-- Leaves out: batches of which the file answers claim by claim; the refusal of a copy of what has arrived
--   (mark_copies.sql); providers, who are placed by place_answers.sql
INSERT INTO billing.incoming_claim (inbox_file_id, position, claim_id, version)
SELECT a.inbox_file_id, a.position, s.claim_id, s.version
FROM billing.incoming_answer a
JOIN billing.claim_submission s ON s.interchange_id = a.interchange_id
    AND (a.grain IN ('interchange', 'group') OR s.transaction_number = a.transaction_number)
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.outcome = 'rejected' AND NOT a.is_copy
    AND CASE a.grain
        WHEN 'interchange' THEN true
        WHEN 'group' THEN true
        WHEN 'transaction_set' THEN true
        WHEN 'batch' THEN a.organization_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM billing.incoming_answer b
            WHERE b.inbox_file_id = a.inbox_file_id AND b.grain = 'claim' AND b.batch_reference = a.batch_reference
        )
        ELSE false END
