-- read_newest_change: who changed one of these rules last, and when on the clock of the organization.
-- Called by: rule_changes._build_stale
-- Parameters: organization_id bigint, rule_ids bigint[]
-- Returns: changed_by, changed_at (without zone); one row, none when nothing was ever changed
-- Locks: none
-- Leaves out: nothing
SELECT h.changed_by, h.changed_at AT TIME ZONE o.timezone
FROM billing.history h
JOIN practice.organization o ON o.organization_id = %(organization_id)s
WHERE h.subject IN ('exclusion_rule', 'exclusion_condition') AND h.subject_id = ANY(%(rule_ids)s::bigint[])
ORDER BY h.history_id DESC
LIMIT 1
