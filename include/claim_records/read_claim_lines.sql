-- read_claim_lines: the lines of invoices; each claim of an invoice has fifty of them.
-- Called by: read.read_claim_frames
-- Parameters: invoice_ids bigint[]
-- Returns: one row per line in order of invoice_id, line_number; money in cents
-- Locks: none
-- Leaves out: nothing
SELECT n.invoice_id, n.line_number, n.service_type_id, n.procedure_code, n.modifier_1, n.modifier_2, n.modifier_3,
    n.modifier_4, n.unit_count, (n.charge_amount * 100)::bigint AS charge_cents
FROM billing.invoice_line n
WHERE n.invoice_id = ANY(ARRAY(SELECT unnest(%(invoice_ids)s::bigint[])))
ORDER BY n.invoice_id, n.line_number
