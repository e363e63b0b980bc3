-- open_gates: writes what stops an organization tonight (plan, off, paused): one row with the count of its items.
-- Called by: attempt.open_attempt, after close_gates.sql
-- Parameters: attempt_id bigint, automation text, night date
-- Returns: nothing
-- Locks: none
-- Leaves out: organizations whose row stands already, and those without items
INSERT INTO billing.decision (organization_id, automation, reason, item_count, opened_on, closed_on)
SELECT ro.organization_id, %(automation)s, ro.gate, ro.item_count, %(night)s, later.opened_on
FROM billing.run_organization ro
LEFT JOIN LATERAL (
    SELECT min(d.opened_on) AS opened_on
    FROM billing.decision d
    WHERE d.automation = %(automation)s AND d.organization_id = ro.organization_id AND d.item_id IS NULL
        AND d.opened_on > %(night)s
) later ON true
WHERE ro.attempt_id = %(attempt_id)s AND ro.gate <> 'ready' AND ro.item_count > 0
    AND NOT EXISTS (
        SELECT FROM billing.decision d
        WHERE d.automation = %(automation)s AND d.organization_id = ro.organization_id AND d.item_id IS NULL
            AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
    )
