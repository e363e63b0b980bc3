-- split_decisions: cuts a decision that spans an old night now decided otherwise: its later part stays as it was.
-- Called by: decisions.record_decisions, before close_decisions.sql
-- Parameters: attempt_id bigint, automation, timezone text, night date, organization_ids bigint[]
-- Returns: nothing; the first part ends tonight, the rest begins anew on the next night that has run
-- Locks: the changed decisions
-- Leaves out: everything when no later night has run
WITH next_run AS (
    SELECT min(r.night) AS night
    FROM billing.run r
    WHERE r.automation = %(automation)s AND r.timezone = %(timezone)s AND r.night > %(night)s
),
cut AS (
    UPDATE billing.decision d
    SET closed_on = %(night)s
    FROM billing.candidate c, next_run n, billing.decision before
    WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
        AND c.reason IS NOT NULL AND n.night IS NOT NULL
        AND d.automation = %(automation)s AND d.organization_id = c.organization_id AND d.item_id = c.item_id
        AND before.decision_id = d.decision_id
        AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > n.night)
        AND (c.reason, c.detail_code, c.rule_id) IS DISTINCT FROM (d.reason, d.detail_code, d.rule_id)
    RETURNING d.organization_id, d.item_id, d.reason, d.detail_code, d.rule_id, n.night AS opened_on,
        before.closed_on AS closed_on
)
INSERT INTO billing.decision (organization_id, automation, item_id, reason, detail_code, rule_id, opened_on, closed_on)
SELECT organization_id, %(automation)s, item_id, reason, detail_code, rule_id, opened_on, closed_on
FROM cut
