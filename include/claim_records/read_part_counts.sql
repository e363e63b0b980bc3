-- read_part_counts: into how many live claims invoices of more than fifty lines are split.
-- Called by: read.read_claim_frames, for such invoices only
-- Parameters: invoice_ids bigint[]
-- Returns: one row per invoice and level
-- Locks: none
-- Leaves out: void claims
SELECT k.invoice_id, k.level, count(*) AS part_count
FROM billing.claim k
WHERE k.invoice_id = ANY(ARRAY(SELECT unnest(%(invoice_ids)s::bigint[]))) AND k.claim_status <> 'void'
GROUP BY k.invoice_id, k.level
