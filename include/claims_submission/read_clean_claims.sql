-- read_clean_claims: the candidates that nothing holds back and that are in no file yet.
-- Called by: steps.scrub_claims, steps.build_files
-- Parameters: attempt_id bigint, organization_ids bigint[], receiver_code text (none: of all receivers)
-- Returns: one row per claim: claim_id, in order
-- Locks: none
-- Leaves out: claims that another run sent or changed meanwhile
SELECT k.claim_id
FROM billing.candidate c
JOIN billing.claim k ON k.claim_id = c.item_id
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
    AND (%(receiver_code)s::text IS NULL OR c.receiver_code = %(receiver_code)s)
    AND k.claim_status = 'awaiting_submission'
    AND NOT EXISTS (
        SELECT FROM billing.claim_submission s WHERE s.claim_id = k.claim_id AND s.version = k.version
    )
ORDER BY k.claim_id
