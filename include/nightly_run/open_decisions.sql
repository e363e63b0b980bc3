-- open_decisions: writes why each item that stays tonight stays.
-- Called by: decisions.record_decisions, after extend_decisions.sql
-- Parameters: attempt_id bigint, automation text, night date, organization_ids bigint[]
-- Returns: nothing
-- Locks: none
-- Leaves out: items with a decision that covers the night
INSERT INTO billing.decision (organization_id, automation, item_id, reason, detail_code, rule_id, opened_on, closed_on)
SELECT c.organization_id, %(automation)s, c.item_id, c.reason, c.detail_code, c.rule_id, %(night)s, (
    SELECT min(later.opened_on)
    FROM billing.decision later
    WHERE later.automation = %(automation)s AND later.item_id = c.item_id
        AND later.organization_id = c.organization_id AND later.opened_on > %(night)s
        AND (later.closed_on IS NULL OR later.closed_on > later.opened_on)
)
FROM billing.candidate c
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NOT NULL
    -- One look into the index for each item, whatever the planner thinks of a table that is being filled; the
    -- organization bounds it where the planner takes the wrong index.
    AND (
        SELECT d.decision_id
        FROM billing.decision d
        WHERE d.automation = %(automation)s AND d.item_id = c.item_id AND d.organization_id = c.organization_id
            AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
        LIMIT 1
    ) IS NULL
