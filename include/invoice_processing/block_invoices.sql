-- block_invoices: gives the undecided invoices that no claim can be built of their reason.
-- Called by: steps.process_invoices
-- Parameters: attempt_id bigint, timezone text, organization_ids bigint[]
-- Returns: nothing; detail_code is the first that applies of appointment_cancelled, appointment_moved,
--   appointment_rerated (its appointment changed since, and nobody confirmed the invoice), no_policy (no primary policy
--   at all), no_active_coverage (none on the service date), too_many_lines (more than one claim holds)
-- Locks: the changed rows
-- Leaves out: nothing
UPDATE billing.candidate c
SET reason = 'blocked', detail_code = b.blocked_code
FROM (
    SELECT c.organization_id, c.item_id,
        CASE
            WHEN is_unconfirmed AND NOT (a.appointment_status = 'kept' AND a.is_billable) THEN 'appointment_cancelled'
            WHEN is_unconfirmed AND (a.starts_at AT TIME ZONE %(timezone)s)::date <> i.service_on THEN 'appointment_moved'
            WHEN is_touched AND EXISTS (
                SELECT s.line_number, s.service_type_id, s.unit_count
                FROM practice.appointment_service s
                WHERE s.appointment_id = i.appointment_id
                EXCEPT
                SELECT l.line_number, l.service_type_id, l.unit_count
                FROM billing.invoice_line l
                WHERE l.invoice_id = i.invoice_id
            ) THEN 'appointment_rerated'
            WHEN is_touched AND EXISTS (
                SELECT l.line_number, l.service_type_id, l.unit_count
                FROM billing.invoice_line l
                WHERE l.invoice_id = i.invoice_id
                EXCEPT
                SELECT s.line_number, s.service_type_id, s.unit_count
                FROM practice.appointment_service s
                WHERE s.appointment_id = i.appointment_id
            ) THEN 'appointment_rerated'
            WHEN c.primary_insurer_id IS NULL AND NOT EXISTS (
                SELECT FROM practice.policy y WHERE y.client_id = i.client_id AND y.level = 'primary'
            ) THEN 'no_policy'
            WHEN c.primary_insurer_id IS NULL THEN 'no_active_coverage'
            WHEN EXISTS (
                SELECT FROM billing.invoice_line l WHERE l.invoice_id = i.invoice_id AND l.line_number > 50
            ) THEN 'too_many_lines'
        END AS blocked_code
    FROM billing.candidate c
    JOIN billing.invoice i ON i.invoice_id = c.item_id
    JOIN practice.appointment a ON a.appointment_id = i.appointment_id
    CROSS JOIN LATERAL (
        -- Lines are compared only where something was written since: that is the dear part.
        SELECT a.updated_at > coalesce(i.confirmed_at, i.created_at) AS is_touched,
            i.confirmed_at IS NULL OR a.updated_at > i.confirmed_at AS is_unconfirmed
    ) touched
    WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
        AND c.reason IS NULL
) b
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = b.organization_id AND c.item_id = b.item_id
    AND b.blocked_code IS NOT NULL
