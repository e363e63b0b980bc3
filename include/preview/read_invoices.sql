-- read_invoices: the invoices of a preview with what was decided.
-- Called by: tonight._read_items, for Invoice Processing
-- Parameters: attempt_id bigint
-- Returns: one row per invoice, in no order: item_id, number, service_on, client_id, staff (who would stand on the claim
--   as rendering provider), insurer, procedure_codes, amount (dollars), reason, detail_code, rule_id
-- Locks: none
-- Leaves out: nothing
SELECT c.item_id, c.item_id::text AS number, i.service_on, i.client_id,
    concat_ws(' ', s.first_name, s.last_name) AS staff, n.name AS insurer, coalesce(p.procedure_codes, '') AS procedure_codes,
    i.total_amount AS amount, c.reason, c.detail_code, c.rule_id
FROM billing.candidate c
JOIN billing.invoice i ON i.invoice_id = c.item_id
JOIN practice.staff s ON s.staff_id = coalesce(c.staff_id, i.staff_id)
LEFT JOIN practice.insurer n ON n.insurer_id = c.primary_insurer_id
LEFT JOIN LATERAL (
    SELECT string_agg(l.procedure_code, ' ' ORDER BY l.line_number) AS procedure_codes
    FROM billing.invoice_line l
    WHERE l.invoice_id = c.item_id
) p ON true
WHERE c.attempt_id = %(attempt_id)s
