-- read_adjustments: why earlier insurers paid less than was charged.
-- Called by: read.read_claim_frames, for claims that are not primary
-- Parameters: claim_ids bigint[]
-- Returns: one row per claim, earlier level, line (0: the claim), group and reason in that order; columns as
--   claim_frames.ADJUSTMENT_COLUMNS; money in cents
-- Locks: none
-- Leaves out: withdrawn decisions
SELECT k.claim_id, o.level, x.line_number, x.group_code, x.reason_code, (x.amount * 100)::bigint AS amount_cents,
    x.quantity
FROM unnest((SELECT %(claim_ids)s::bigint[])) AS wanted (claim_id)
JOIN billing.claim k USING (claim_id)
-- The levels are in order of their names.
JOIN billing.claim o ON o.invoice_id = k.invoice_id AND o.level < k.level AND o.part = k.part AND o.claim_status <> 'void'
JOIN billing.adjudication d ON d.claim_id = o.claim_id AND d.withdrawn_at IS NULL
JOIN billing.adjustment x ON x.adjudication_id = d.adjudication_id
ORDER BY k.claim_id, o.level, x.line_number, x.group_code, x.reason_code
