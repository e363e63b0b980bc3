-- create_claims: makes the primary claim of each undecided invoice; its lines are the invoice's, fifty to a claim.
-- Called by: steps.process_invoices, after block_invoices.sql
-- Parameters: attempt_id, run_id bigint, timezone text, clock timestamptz, organization_ids bigint[]
-- Returns: nothing; one new row per claim
-- Locks: the new rows; the caller holds the organizations' work locks
-- Leaves out: invoices that have a live claim by now (the unique index decides), and those voided since the selection
WITH going AS (
    SELECT c.new_id, c.organization_id, c.item_id, c.client_id, c.level, c.total_amount,
        coalesce(c.last_line_number, 1) AS last_line_number
    FROM billing.candidate c
    WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
        AND c.reason IS NULL
        AND NOT EXISTS (
            SELECT FROM billing.invoice i WHERE i.invoice_id = c.item_id AND i.invoice_status = 'void'
        )
)
INSERT INTO billing.claim (claim_id, organization_id, invoice_id, client_id, level, part, total_amount, entered_step_on,
    entered_step_at, created_run_id, created_by)
SELECT x.claim_id, x.organization_id, x.item_id, x.client_id, x.level, x.part, x.total_amount,
    billing.billing_day(%(clock)s, %(timezone)s), %(clock)s, %(run_id)s, 'nightly run'
FROM (
    SELECT g.new_id AS claim_id, g.organization_id, g.item_id, g.client_id, g.level, 1 AS part, g.total_amount
    FROM going g
    WHERE g.last_line_number <= 50
    UNION ALL
    SELECT CASE WHEN p.part = 1 THEN g.new_id ELSE nextval('billing.claim_claim_id_seq') END, g.organization_id,
        g.item_id, g.client_id, g.level, p.part, p.total_amount
    FROM going g
    CROSS JOIN LATERAL (
        SELECT (l.line_number - 1) / 50 + 1 AS part, sum(l.charge_amount) AS total_amount
        FROM billing.invoice_line l
        WHERE l.invoice_id = g.item_id
        GROUP BY 1
    ) p
    WHERE g.last_line_number > 50
) x
ON CONFLICT (invoice_id, level, part) WHERE claim_status <> 'void' DO NOTHING
