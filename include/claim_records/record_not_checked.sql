-- record_not_checked: notes which edits could not run because their reference table is not loaded.
-- Called by: scrub.scrub_claims
-- Parameters: attempt_id bigint, organization_ids bigint[], claim_ids bigint[], edit_codes text[]
-- Returns: nothing; one row per organization and edit
-- Locks: the written rows
-- Leaves out: nothing
INSERT INTO billing.edit_not_checked (attempt_id, organization_id, edit_code, claim_count)
SELECT %(attempt_id)s, k.organization_id, e.edit_code, count(*)
FROM billing.claim k
CROSS JOIN unnest(%(edit_codes)s::text[]) AS e (edit_code)
WHERE k.claim_id = ANY(%(claim_ids)s::bigint[])
GROUP BY k.organization_id, e.edit_code
ON CONFLICT (attempt_id, organization_id, edit_code) DO UPDATE SET claim_count = excluded.claim_count
