-- extend_decisions: lets a decision that a later night opened begin tonight, where tonight's reason is the same.
-- Called by: decisions.record_decisions, after close_decisions.sql
-- Parameters: attempt_id bigint, automation text, night date, organization_ids bigint[]
-- Returns: nothing
-- Locks: the changed decisions
-- Leaves out: items with a decision that covers the night
UPDATE billing.decision later
SET opened_on = %(night)s
FROM billing.candidate c
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NOT NULL
    AND later.automation = %(automation)s AND later.organization_id = c.organization_id AND later.item_id = c.item_id
    AND later.opened_on > %(night)s
    AND (later.closed_on IS NULL OR later.closed_on > later.opened_on)
    AND (c.reason, c.detail_code, c.rule_id) IS NOT DISTINCT FROM (later.reason, later.detail_code, later.rule_id)
    AND NOT EXISTS (
        SELECT FROM billing.decision d
        WHERE d.automation = %(automation)s AND d.organization_id = c.organization_id AND d.item_id = c.item_id
            AND d.decision_id <> later.decision_id AND d.opened_on < later.opened_on AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
    )
