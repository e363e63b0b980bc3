-- read_settings: the automations of an organization, each with its plan and its switch as they stand.
-- Called by: settings.read_settings
-- Parameters: organization_id bigint
-- Returns: one row per automation, in the order of the work: automation, label, step, is_in_plan, is_enabled,
--   enabled_on, includes_earlier, paused_until, version (0: never switched), changed_by, changed_at,
--   changed_at in the organization's zone; no row for an organization that does not exist
-- Locks: none
-- Leaves out: nothing
SELECT a.automation, a.label, a.step, g.is_in_plan, g.is_enabled, s.enabled_on, coalesce(s.includes_earlier, false),
    s.paused_until, coalesce(s.version, 0), s.changed_by, s.changed_at, s.changed_at AT TIME ZONE g.timezone
FROM billing.automation a
JOIN billing.gate g USING (automation)
LEFT JOIN billing.automation_setting s USING (organization_id, automation)
WHERE g.organization_id = %(organization_id)s
ORDER BY array_position(
    ARRAY['invoice_creation', 'invoice_processing', 'claims_submission', 'era_processing'], a.automation
)
