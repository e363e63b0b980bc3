-- read_invoices: what claims bill for: the session, its clinician, place and day.
-- Called by: read.read_claim_frames
-- Parameters: invoice_ids bigint[]
-- Returns: one row per invoice in order of invoice_id; has_parts: it is too long for one claim
-- Locks: none
-- Leaves out: nothing
SELECT i.invoice_id, i.appointment_id, i.staff_id, i.location_id, i.service_on,
    coalesce(i.last_line_number > 50, false) AS has_parts, i.invoice_status = 'void' AS is_void
FROM billing.invoice i
WHERE i.invoice_id = ANY(ARRAY(SELECT unnest(%(invoice_ids)s::bigint[])))
ORDER BY i.invoice_id
