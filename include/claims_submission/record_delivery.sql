-- record_delivery: the file has left: its claims are submitted and nothing holds them any more.
-- Called by: delivery.deliver_files
-- Parameters: interchange_id, run_id bigint, night date, clock timestamptz
-- Returns: one row: claim_count, total_amount
-- Locks: the file, its claims and their decisions
-- Leaves out: everything when another worker recorded the delivery first
WITH sent AS (
    UPDATE billing.interchange x
    SET interchange_state = 'sent', sent_run_id = %(run_id)s, sent_at = %(clock)s
    WHERE x.interchange_id = %(interchange_id)s AND x.interchange_state = 'sending'
    RETURNING x.interchange_id
),
submitted AS (
    UPDATE billing.claim k
    SET claim_status = 'submitted', submitted_at = %(clock)s
    FROM billing.claim_submission s
    JOIN sent USING (interchange_id)
    WHERE s.claim_id = k.claim_id AND s.version = k.version AND k.claim_status = 'awaiting_submission'
    RETURNING k.claim_id, k.total_amount
),
closed AS (
    UPDATE billing.decision d
    SET closed_on = greatest(d.opened_on, %(night)s)
    FROM submitted s
    WHERE d.automation = 'claims_submission' AND d.item_id = s.claim_id AND d.closed_on IS NULL
)
SELECT count(*), coalesce(sum(total_amount), 0) FROM submitted
