-- read_history: what people changed in an organization, or for every one, newest first.
-- Called by: history.read_history
-- Parameters: organization_id bigint, before_id bigint (NULL: from the newest), is_settings boolean (settings, rules,
--   severities and access only; false: items only; NULL: all), row_limit integer
-- Returns: one row per change: history_id, subject, subject_id, action, detail jsonb, changed_by, changed_at
-- Locks: none
-- Leaves out: what the software did by itself (its own marks are on each item's page)
SELECT h.history_id, h.subject, h.subject_id, h.action, h.detail, h.changed_by, h.changed_at
FROM billing.history h
WHERE (h.organization_id = %(organization_id)s
        OR h.organization_id = 0 AND h.subject IN ('edit_severity', 'organization_access'))
    AND h.changed_by NOT IN ('nightly run', 'delivery', 'clearinghouse inbox')
    AND (%(before_id)s::bigint IS NULL OR h.history_id < %(before_id)s::bigint)
    AND (%(is_settings)s::boolean IS NULL OR %(is_settings)s::boolean = (h.subject IN
        ('automation_setting', 'exclusion_rule', 'exclusion_condition', 'edit_severity', 'organization_access')))
ORDER BY h.history_id DESC
LIMIT %(row_limit)s
