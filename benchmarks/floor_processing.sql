-- floor_processing: invoices known beforehand become claims, in one INSERT … SELECT.
-- Called by: sides.floor_processing
-- Parameters: timezone text, clock timestamptz
-- Returns: nothing; one row per claim
-- Locks: the new rows
-- Leaves out: benchmark.left_out, all of it: what a run left, whatever the reason; so nothing is decided here
INSERT INTO billing.claim (organization_id, invoice_id, client_id, level, total_amount, entered_step_on,
    entered_step_at, created_run_id, created_by)
SELECT i.organization_id, i.invoice_id, i.client_id, 'primary', i.total_amount,
    billing.billing_day(%(clock)s, %(timezone)s), %(clock)s, 1, 'nightly run'
FROM billing.invoice i
WHERE i.invoice_status = 'open'
    AND NOT EXISTS (SELECT FROM benchmark.left_out o WHERE o.item_id = i.invoice_id)
