-- read_appointments: the appointments of a preview with what was decided.
-- Called by: tonight._read_items, for Invoice Creation
-- Parameters: attempt_id bigint, timezone text
-- Returns: one row per appointment, in no order: item_id, number, service_on, client_id, staff, insurer, procedure_codes,
--   amount (dollars; NULL where no invoice would be made), reason, detail_code, rule_id
-- Locks: none
-- Leaves out: nothing
SELECT c.item_id, c.item_id::text AS number, (a.starts_at AT TIME ZONE %(timezone)s)::date AS service_on, a.client_id,
    concat_ws(' ', s.first_name, s.last_name) AS staff, n.name AS insurer, coalesce(p.procedure_codes, '') AS procedure_codes,
    i.total_amount AS amount, c.reason, c.detail_code, c.rule_id
FROM billing.candidate c
JOIN practice.appointment a ON a.appointment_id = c.item_id
JOIN practice.staff s ON s.staff_id = a.staff_id
LEFT JOIN practice.insurer n ON n.insurer_id = c.primary_insurer_id
LEFT JOIN billing.invoice i ON i.invoice_id = c.new_id
LEFT JOIN LATERAL (
    SELECT string_agg(t.procedure_code, ' ' ORDER BY v.line_number) AS procedure_codes
    FROM practice.appointment_service v
    JOIN practice.service_type t USING (service_type_id)
    WHERE v.appointment_id = c.item_id
) p ON true
WHERE c.attempt_id = %(attempt_id)s
