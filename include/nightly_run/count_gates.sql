-- count_gates: brings the item count of standing plan, off and paused decisions up to date.
-- Called by: attempt.open_attempt, after open_gates.sql
-- Parameters: attempt_id bigint, automation text, timezone text, night date
-- Returns: nothing
-- Locks: the changed decisions
-- Leaves out: everything when a later night has run: its count is the newer one
UPDATE billing.decision d
SET item_count = ro.item_count
FROM billing.run_organization ro
WHERE ro.attempt_id = %(attempt_id)s AND ro.gate <> 'ready'
    AND d.automation = %(automation)s AND d.organization_id = ro.organization_id
    AND d.item_id IS NULL AND d.closed_on IS NULL AND d.item_count <> ro.item_count
    AND NOT EXISTS (
        SELECT FROM billing.run r
        WHERE r.automation = %(automation)s AND r.timezone = %(timezone)s AND r.night > %(night)s
    )
