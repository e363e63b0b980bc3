-- read_line_payments: what earlier insurers paid line by line.
-- Called by: read.read_claim_frames, for claims that are not primary
-- Parameters: claim_ids bigint[]
-- Returns: one row per claim, earlier level and line in that order; columns as claim_frames.LINE_PAYMENT_COLUMNS; money
--   in cents
-- Locks: none
-- Leaves out: decisions on a claim as a whole, and withdrawn ones
SELECT k.claim_id, o.level, x.line_number, x.procedure_code, x.modifier_1, x.modifier_2, x.modifier_3, x.modifier_4,
    x.unit_count, (x.paid_amount * 100)::bigint AS paid_cents
FROM unnest((SELECT %(claim_ids)s::bigint[])) AS wanted (claim_id)
JOIN billing.claim k USING (claim_id)
-- The levels are in order of their names.
JOIN billing.claim o ON o.invoice_id = k.invoice_id AND o.level < k.level AND o.part = k.part AND o.claim_status <> 'void'
JOIN billing.adjudication d ON d.claim_id = o.claim_id AND d.withdrawn_at IS NULL
JOIN billing.adjudication_line x ON x.adjudication_id = d.adjudication_id
ORDER BY k.claim_id, o.level, x.line_number
