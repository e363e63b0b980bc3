-- read_rules: the exclusion rules of one automation of an organization, in their order.
-- Called by: rules.read_rules
-- Parameters: organization_id bigint, automation text
-- Returns: one row per condition: rule_id, version, position, field, match_values text[]; by position, rule_id,
--   condition_number
-- Locks: none
-- Leaves out: deleted rules
SELECT r.rule_id, r.version, r.position, c.field, c.match_values
FROM billing.exclusion_rule r
JOIN billing.exclusion_condition c USING (rule_id)
WHERE r.automation = %(automation)s AND r.organization_id = %(organization_id)s AND r.deleted_at IS NULL
ORDER BY r.position, r.rule_id, c.condition_number
