-- read_rules: the live exclusion rules of the organizations.
-- Called by: rules.read_rules
-- Parameters: automation text, organization_ids bigint[]
-- Returns: one row per condition: organization_id, rule_id, position, condition_number, field, match_values text[]
-- Locks: none
-- Leaves out: deleted rules
SELECT r.organization_id, r.rule_id, r.position, c.condition_number, c.field, c.match_values
FROM billing.exclusion_rule r
LEFT JOIN billing.exclusion_condition c USING (rule_id)
WHERE r.automation = %(automation)s AND r.organization_id = ANY(%(organization_ids)s::bigint[])
    AND r.deleted_at IS NULL
ORDER BY r.organization_id, r.position, r.rule_id, c.condition_number
