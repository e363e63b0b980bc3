-- close_gates: ends what stopped an organization (plan, off, paused) where that no longer holds tonight.
-- Called by: attempt.open_attempt
-- Parameters: attempt_id bigint, automation text, night date
-- Returns: nothing
-- Locks: the changed decisions
-- Leaves out: intervals that do not cover the night
UPDATE billing.decision d
SET closed_on = %(night)s
FROM billing.run_organization ro
WHERE ro.attempt_id = %(attempt_id)s
    AND d.automation = %(automation)s AND d.organization_id = ro.organization_id
    AND d.item_id IS NULL
    AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
    AND (d.reason <> ro.gate OR ro.item_count = 0)
