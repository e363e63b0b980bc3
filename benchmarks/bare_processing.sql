-- bare_processing: all open invoices that a claim can be built of become claims, in one INSERT … SELECT.
-- Called by: sides.bare_processing
-- Parameters: timezone text, clock timestamptz
-- Returns: nothing; one row per claim
-- Locks: the new rows
-- Leaves out: what benchmark.left_out marks as excluded by rules; invoices without coverage on the service date, or whose
--   appointment no longer stands or is on another day. And everything a run does beside: live claims, settings, holds,
--   start dates, review day, changed services, rules, decisions, results
INSERT INTO billing.claim (organization_id, invoice_id, client_id, level, total_amount, entered_step_on,
    entered_step_at, created_run_id, created_by)
SELECT i.organization_id, i.invoice_id, i.client_id, 'primary', i.total_amount,
    billing.billing_day(%(clock)s, %(timezone)s), %(clock)s, 1, 'nightly run'
FROM billing.invoice i
JOIN practice.appointment a ON a.appointment_id = i.appointment_id
WHERE i.invoice_status = 'open'
    AND a.appointment_status = 'kept' AND a.is_billable
    AND (a.starts_at AT TIME ZONE %(timezone)s)::date = i.service_on
    AND EXISTS (
        SELECT FROM practice.policy y
        WHERE y.client_id = i.client_id AND y.level = 'primary'
            AND (y.starts_on IS NULL OR y.starts_on <= i.service_on)
            AND (y.ends_on IS NULL OR y.ends_on >= i.service_on)
    )
    AND NOT EXISTS (SELECT FROM benchmark.left_out o WHERE o.item_id = i.invoice_id AND o.is_excluded)
