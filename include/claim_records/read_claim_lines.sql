-- read_claim_lines: the lines of claims; each points to the first four diagnoses.
-- Called by: read.read_claim_frames
-- Parameters: claim_ids bigint[]
-- Returns: one row per line in order of claim_id, line_number; columns as claim_frames.LINE_COLUMNS; money in cents;
--   sent_claim_number: a claim already sent, or older and on its way, for the same client, clinician, level, day,
--   procedure and modifiers
-- Locks: none
-- Leaves out: nothing
SELECT k.claim_id, n.line_number, i.service_on, n.procedure_code, n.modifier_1, n.modifier_2, n.modifier_3, n.modifier_4,
    n.unit_count, (n.charge_amount * 100)::bigint AS charge_cents,
    coalesce(a.place_of_service_code, l.place_of_service_code) AS place_of_service_code,
    (
        SELECT CASE WHEN count(*) > 0 THEN left('1:2:3:4', 2 * least(4, count(*))::integer - 1) END
        FROM practice.diagnosis d
        WHERE d.client_id = k.client_id AND d.starts_on <= i.service_on
            AND (d.ends_on IS NULL OR d.ends_on >= i.service_on)
    ) AS diagnosis_pointers,
    (
        SELECT o.claim_number
        FROM billing.claim o
        JOIN billing.invoice oi ON oi.invoice_id = o.invoice_id
        JOIN billing.invoice_line n2 ON n2.invoice_id = oi.invoice_id
        WHERE o.client_id = k.client_id AND o.claim_status <> 'void' AND o.claim_id <> k.claim_id AND o.level = k.level
            AND (o.claim_status IN ('submitted', 'accepted', 'paid', 'denied')
                OR o.claim_status = 'awaiting_submission' AND o.claim_id < k.claim_id)
            AND oi.service_on = i.service_on AND oi.staff_id = i.staff_id
            AND (n2.procedure_code, n2.modifier_1, n2.modifier_2, n2.modifier_3, n2.modifier_4)
                IS NOT DISTINCT FROM (n.procedure_code, n.modifier_1, n.modifier_2, n.modifier_3, n.modifier_4)
        ORDER BY o.claim_id
        LIMIT 1
    ) AS sent_claim_number
FROM unnest(%(claim_ids)s::bigint[]) AS wanted (claim_id)
JOIN billing.claim k USING (claim_id)
JOIN billing.invoice i ON i.invoice_id = k.invoice_id
JOIN billing.invoice_line n ON n.invoice_id = i.invoice_id
JOIN practice.appointment a ON a.appointment_id = i.appointment_id
JOIN practice.location l ON l.location_id = i.location_id
ORDER BY k.claim_id, n.line_number
