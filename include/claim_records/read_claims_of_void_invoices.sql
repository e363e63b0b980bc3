-- read_claims_of_void_invoices: claims that live on although another invoice took the place of theirs.
-- Called by: read.read_claim_frames
-- Parameters: appointment_ids bigint[]; void_appointment_ids bigint[]: those of claims whose own invoice is void
-- Returns: one row per claim in order of claim_id
-- Locks: none
-- Leaves out: void and rejected claims. At most one invoice of an appointment is live, so of two one is void: that one
--   is looked for, by the small index that holds only such
SELECT x.appointment_id, x.invoice_id, k.level, k.claim_id, k.claim_number
FROM (
    SELECT v.appointment_id, v.invoice_id
    FROM billing.invoice v
    WHERE v.appointment_id = ANY(ARRAY(SELECT unnest(%(appointment_ids)s::bigint[]))) AND v.invoice_status = 'void'
    UNION ALL
    SELECT v.appointment_id, v.invoice_id
    FROM billing.invoice v
    WHERE v.appointment_id = ANY(ARRAY(SELECT unnest(%(void_appointment_ids)s::bigint[])))
        AND v.invoice_status <> 'void'
) x
JOIN billing.claim k ON k.invoice_id = x.invoice_id
WHERE k.claim_status NOT IN ('void', 'rejected')
ORDER BY k.claim_id
