-- mark_rule: counts up the version of a changed rule, and deletes it or takes it back if asked.
-- Called by: rule_changes._mark_rule
-- Parameters: rule_id bigint, is_deleted boolean
-- Returns: nothing
-- Locks: the row, which the caller holds already
-- Leaves out: nothing
UPDATE billing.exclusion_rule
SET version = version + 1,
    deleted_at = CASE WHEN %(is_deleted)s THEN coalesce(deleted_at, billing.clock()) END
WHERE rule_id = %(rule_id)s
