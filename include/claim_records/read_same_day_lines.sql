-- read_same_day_lines: what other live claims bill for the same client, rendering clinician, level and day.
-- Called by: read.read_claim_frames
-- Parameters: claim_ids, client_ids, appointment_ids, rendering_staff_ids bigint[], levels text[], service_ons date[],
--   have_parts boolean[] (of equal length); only those with parts are compared with their own invoice's other claims
-- Returns: one row per claim and line of another claim in order of claim_id, other claim, line; is_sent: the other is
--   sent already, or older and on its way; is_other_invoice: it is no part of the same invoice
-- Locks: none
-- Leaves out: sessions whose appointment was moved away from the day since its invoice; the two days around cover
--   every time zone
SELECT w.claim_id, k.claim_number AS other_claim_number, n.procedure_code, n.modifier_1, n.modifier_2, n.modifier_3,
    n.modifier_4, n.unit_count,
    k.claim_status IN ('submitted', 'accepted', 'paid', 'denied')
        OR k.claim_status = 'awaiting_submission' AND k.claim_id < w.claim_id AS is_sent,
    a.appointment_id <> w.appointment_id AS is_other_invoice
FROM unnest((SELECT %(claim_ids)s::bigint[]), (SELECT %(client_ids)s::bigint[]), (SELECT %(appointment_ids)s::bigint[]),
    (SELECT %(rendering_staff_ids)s::bigint[]), (SELECT %(levels)s::text[]), (SELECT %(service_ons)s::date[]),
    (SELECT %(have_parts)s::boolean[]))
    AS w (claim_id, client_id, appointment_id, rendering_staff_id, level, service_on, has_parts)
JOIN practice.appointment a ON a.client_id = w.client_id
    AND a.starts_at >= (w.service_on - 1)::timestamp AT TIME ZONE 'UTC'
    AND a.starts_at < (w.service_on + 2)::timestamp AT TIME ZONE 'UTC'
    AND (a.appointment_id <> w.appointment_id OR w.has_parts)
JOIN billing.invoice i ON i.appointment_id = a.appointment_id AND i.invoice_status <> 'void'
    AND i.service_on = w.service_on
JOIN practice.staff s ON s.staff_id = i.staff_id
    AND CASE WHEN s.is_billed_under_supervisor THEN s.supervisor_id ELSE s.staff_id END = w.rendering_staff_id
JOIN billing.claim k ON k.invoice_id = i.invoice_id AND k.level = w.level AND k.claim_status <> 'void'
    AND k.claim_id <> w.claim_id
JOIN billing.invoice_line n ON n.invoice_id = i.invoice_id
    AND n.line_number > 50 * (k.part - 1) AND n.line_number <= 50 * k.part
ORDER BY w.claim_id, k.claim_id, n.line_number
