-- written_invoices: what is in billing.invoice and billing.invoice_line, so that two databases can be compared.
-- Called by: comparison.read_written
-- Parameters: none
-- Returns: one row: counts, sums in dollars, and sums of row hashes that depend on no order and on no generated id
-- Locks: none
-- Leaves out: ids and runs
SELECT i.invoice_count, i.total_amount, i.invoice_hash, l.line_count, l.charge_amount, l.line_hash
FROM (
    SELECT count(*) AS invoice_count, sum(n.total_amount) AS total_amount,
        sum(hashtextextended((n.appointment_id, n.organization_id, n.client_id, n.staff_id, n.location_id, n.service_on,
            n.invoice_on, n.entered_step_on, n.invoice_status, n.total_amount, n.created_by)::text, 0)) AS invoice_hash
    FROM billing.invoice n
) i
CROSS JOIN (
    SELECT count(*) AS line_count, sum(n.charge_amount) AS charge_amount,
        sum(hashtextextended((v.appointment_id, n.line_number, n.service_type_id, n.procedure_code, n.modifier_1,
            n.modifier_2, n.modifier_3, n.modifier_4, n.unit_count, n.rate_amount, n.charge_amount)::text, 0))
            AS line_hash
    FROM billing.invoice_line n
    JOIN billing.invoice v USING (invoice_id)
) l
