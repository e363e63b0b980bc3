-- record_not_checked: notes which edits could not look at how many claims of which organization.
-- Called by: scrub.scrub_claims
-- Parameters: attempt_id bigint, organization_ids bigint[], edit_codes text[], claim_counts integer[] (of equal length)
-- Returns: nothing; one row per organization and edit
-- Locks: the written rows
-- Leaves out: smaller counts: a scrub that is asked for looks at the held claims only
INSERT INTO billing.edit_not_checked AS n (attempt_id, organization_id, edit_code, claim_count)
SELECT %(attempt_id)s, x.*
FROM unnest(%(organization_ids)s::bigint[], %(edit_codes)s::text[], %(claim_counts)s::integer[]) AS x
ON CONFLICT (attempt_id, organization_id, edit_code) DO UPDATE SET claim_count = excluded.claim_count
WHERE excluded.claim_count > n.claim_count
