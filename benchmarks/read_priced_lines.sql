-- read_priced_lines: one appointment with its services and rates, as an application reads it.
-- Called by: sides.per_row_creation
-- Parameters: appointment_id bigint, timezone text
-- Returns: one row per service in order of line_number: the columns of the invoice and its line
-- Locks: none
-- Leaves out: nothing
SELECT a.organization_id, a.client_id, a.staff_id, a.location_id, a.service_on,
    s.line_number, s.service_type_id, t.procedure_code, t.modifier_1, t.modifier_2, t.modifier_3, t.modifier_4,
    s.unit_count, coalesce(own.rate_amount, usual.rate_amount) AS rate_amount
FROM (
    SELECT n.*, (n.starts_at AT TIME ZONE %(timezone)s)::date AS service_on
    FROM practice.appointment n
    WHERE n.appointment_id = %(appointment_id)s
) a
JOIN practice.appointment_service s USING (appointment_id)
JOIN practice.service_type t USING (service_type_id)
LEFT JOIN practice.client_payment cp ON cp.client_id = a.client_id
LEFT JOIN practice.policy p ON p.client_id = a.client_id AND p.level = 'primary' AND cp.pays_by = 'insurance'
LEFT JOIN practice.fee own ON own.service_type_id = s.service_type_id AND own.insurer_id = p.insurer_id
LEFT JOIN practice.fee usual ON usual.service_type_id = s.service_type_id AND usual.insurer_id IS NULL
ORDER BY s.line_number
