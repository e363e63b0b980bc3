-- written_claims: what is in billing.claim, so that two databases can be compared.
-- Called by: comparison.read_written
-- Parameters: none
-- Returns: one row: count, sum in dollars, and a sum of row hashes that depends on no order and on no generated id
-- Locks: none
-- Leaves out: ids and runs
SELECT count(*) AS claim_count, sum(k.total_amount) AS total_amount,
    sum(hashtextextended((k.invoice_id, k.organization_id, k.client_id, k.level, k.part, k.version, k.claim_status,
        k.frequency_code, k.total_amount, k.entered_step_on, k.created_by)::text, 0)) AS claim_hash
FROM billing.claim k
