-- read_new_claims: the claims this run made that are still where they came.
-- Called by: steps.scrub_for_advice
-- Parameters: run_id bigint, organization_ids bigint[]
-- Returns: one row per claim in order: claim_id
-- Locks: none
-- Leaves out: claims that have moved on: their findings are a later night's
SELECT k.claim_id
FROM billing.claim k
WHERE k.created_run_id = %(run_id)s AND k.organization_id = ANY(%(organization_ids)s::bigint[])
    AND k.claim_status = 'awaiting_submission'
ORDER BY k.claim_id
