-- lock_rules: the rules of one automation of an organization, kept as they are until the transaction ends.
-- Called by: rule_changes._lock_rules
-- Parameters: organization_id bigint, automation text
-- Returns: one row per rule, deleted ones too: rule_id, version, position, is_deleted; in order of rule_id
-- Locks: the rows, in order of rule_id, so that two people at once wait for each other and never in a circle
-- Leaves out: nothing
SELECT r.rule_id, r.version, r.position, r.deleted_at IS NOT NULL
FROM billing.exclusion_rule r
WHERE r.automation = %(automation)s AND r.organization_id = %(organization_id)s
ORDER BY r.rule_id
FOR UPDATE
