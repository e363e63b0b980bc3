-- mark_excluded: gives the excluded items their reason and rule.
-- Called by: rules.apply_rules
-- Parameters: attempt_id bigint, automation text, organization_id, item_id, rule_id bigint[] (of equal length)
-- Returns: nothing
-- Locks: the changed rows
-- Leaves out: items that a person released in spite of the rules
UPDATE billing.candidate c
SET reason = 'excluded', rule_id = x.rule_id
FROM unnest(%(organization_id)s::bigint[], %(item_id)s::bigint[], %(rule_id)s::bigint[])
    AS x (organization_id, item_id, rule_id)
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = x.organization_id AND c.item_id = x.item_id
    AND c.reason IS NULL
    AND NOT EXISTS (
        SELECT FROM billing.release r
        WHERE r.automation = %(automation)s AND r.item_id = c.item_id AND r.ignores_rules AND r.withdrawn_at IS NULL
    )
