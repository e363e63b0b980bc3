-- count_clean_claims: how many claims of each organization can be filed, by receiver.
-- Called by: files.store_files
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: one row per receiver and organization, in that order: receiver_code, organization_id, claim_count
-- Locks: none
-- Leaves out: organizations without such claims
SELECT c.receiver_code, c.organization_id, count(*) AS claim_count
FROM billing.candidate c
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
GROUP BY c.receiver_code, c.organization_id
ORDER BY c.receiver_code, c.organization_id
