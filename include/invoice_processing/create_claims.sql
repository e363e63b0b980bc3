-- create_claims: makes the primary claim of each undecided invoice; its lines are the invoice's.
-- Called by: steps.process_invoices, after block_invoices.sql
-- Parameters: attempt_id, run_id bigint, timezone text, clock timestamptz, organization_ids bigint[]
-- Returns: nothing; one new row per claim
-- Locks: the new rows; the caller holds the organizations' work locks
-- Leaves out: invoices that have a live claim by now (the unique index decides), and those voided since the selection
INSERT INTO billing.claim (claim_id, organization_id, invoice_id, client_id, level, total_amount, entered_step_on,
    entered_step_at, created_run_id, created_by)
SELECT c.new_id, c.organization_id, c.item_id, c.client_id, c.level, c.total_amount,
    billing.billing_day(%(clock)s, %(timezone)s), %(clock)s, %(run_id)s, 'nightly run'
FROM billing.candidate c
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
    AND NOT EXISTS (
        SELECT FROM billing.invoice i WHERE i.invoice_id = c.item_id AND i.invoice_status = 'void'
    )
ON CONFLICT (invoice_id, level, part) WHERE claim_status <> 'void' DO NOTHING
