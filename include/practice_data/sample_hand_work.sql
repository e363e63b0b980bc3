-- sample_hand_work: the invoice a biller of the sample types by hand: of the first appointment of a day.
-- Called by: sample_hand_work.work_by_hand
-- Parameters: organization_id bigint, service_on date
-- Returns: invoice_id, one row; no row when it was done before
-- Locks: the organization's work lock
-- Leaves out: nothing
SELECT billing.create_invoice(first.appointment_id)
FROM (
    SELECT min(a.appointment_id) AS appointment_id
    FROM practice.appointment a
    JOIN practice.organization o USING (organization_id)
    WHERE a.organization_id = %(organization_id)s AND a.appointment_status = 'kept' AND a.is_billable
        AND (a.starts_at AT TIME ZONE o.timezone)::date = %(service_on)s
) first
WHERE NOT EXISTS (SELECT FROM billing.invoice i WHERE i.appointment_id = first.appointment_id)
