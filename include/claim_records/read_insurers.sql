-- read_insurers: who is billed.
-- Called by: read.read_claim_frames
-- Parameters: organization_ids bigint[]
-- Returns: one row per insurer in order of insurer_id; billing_provider_id 0: the organization's default
-- Locks: none
-- Leaves out: nothing
SELECT n.insurer_id, n.name AS payer_name, n.payer_code, n.claim_filing_code,
    coalesce(n.billing_provider_id, 0) AS billing_provider_id
FROM practice.insurer n
WHERE n.organization_id = ANY(ARRAY(SELECT unnest(%(organization_ids)s::bigint[])))
ORDER BY n.insurer_id
