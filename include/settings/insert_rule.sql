-- insert_rule: a new exclusion rule, behind the others.
-- Called by: rule_changes.save_rule
-- Parameters: organization_id bigint, automation text
-- Returns: rule_id, one row
-- Locks: none; of two made at once both get the same position, and the smaller rule_id comes first
-- Leaves out: its conditions; without one the transaction does not end well
INSERT INTO billing.exclusion_rule (organization_id, automation, position)
SELECT %(organization_id)s, %(automation)s, coalesce(max(r.position), 0) + 1
FROM billing.exclusion_rule r
WHERE r.organization_id = %(organization_id)s AND r.automation = %(automation)s
RETURNING rule_id
