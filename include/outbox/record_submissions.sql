-- record_submissions: which claim version went into which transaction set, with the coverage it was sent to.
-- Called by: store.store_interchange
-- Parameters: interchange_id bigint, claim_ids bigint[], transaction_numbers text[], policy_ids, insurer_ids bigint[]
--   (of equal length)
-- Returns: nothing; fails on a claim version that is in a file already (primary key)
-- Locks: none
-- Leaves out: nothing
INSERT INTO billing.claim_submission (claim_id, version, interchange_id, transaction_number, claim_number,
    organization_id, total_amount, policy_id, insurer_id)
SELECT k.claim_id, k.version, %(interchange_id)s, x.transaction_number, k.claim_number, k.organization_id,
    k.total_amount, x.policy_id, x.insurer_id
FROM unnest(%(claim_ids)s::bigint[], %(transaction_numbers)s::text[], %(policy_ids)s::bigint[],
    %(insurer_ids)s::bigint[]) AS x (claim_id, transaction_number, policy_id, insurer_id)
JOIN billing.claim k USING (claim_id)
