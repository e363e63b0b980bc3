-- hold_claims: gives claims their reason to stay.
-- Called by: steps.scrub_claims, steps.build_files
-- Parameters: attempt_id bigint, organization_ids bigint[], claim_ids bigint[], reason text, detail_codes text[]
-- Returns: nothing
-- Locks: the changed rows
-- Leaves out: candidates that have a reason
UPDATE billing.candidate c
SET reason = %(reason)s, detail_code = x.detail_code
FROM unnest(%(claim_ids)s::bigint[], %(detail_codes)s::text[]) AS x (claim_id, detail_code)
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
    AND c.item_id = x.claim_id AND c.reason IS NULL
