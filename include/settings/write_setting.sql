-- write_setting: switches an automation of an organization, unless somebody else switched it since.
-- Called by: settings.switch_setting
-- Parameters: organization_id bigint, automation text, version integer (0: never switched), is_enabled boolean,
--   includes_earlier boolean, paused_until date, enabled_on date (as it stands),
--   is_start boolean (true: off to on, which dates it to the local today instead)
-- Returns: version, one row; no row when the stored version is another
-- Locks: the row of the setting
-- Leaves out: whether the plan includes the automation (the caller has looked; the night looks again)
INSERT INTO billing.automation_setting AS stored
    (organization_id, automation, is_enabled, enabled_on, includes_earlier, paused_until)
SELECT %(organization_id)s, %(automation)s, %(is_enabled)s,
    CASE WHEN %(is_start)s THEN billing.local_today(%(organization_id)s) ELSE %(enabled_on)s::date END,
    %(includes_earlier)s, %(paused_until)s
WHERE %(version)s = 0 OR EXISTS (
    SELECT FROM billing.automation_setting s
    WHERE s.organization_id = %(organization_id)s AND s.automation = %(automation)s
)
ON CONFLICT (organization_id, automation) DO UPDATE SET
    is_enabled = excluded.is_enabled,
    enabled_on = excluded.enabled_on,
    includes_earlier = excluded.includes_earlier,
    paused_until = excluded.paused_until,
    version = stored.version + 1,
    changed_by = billing.actor(),
    changed_at = billing.clock()
WHERE stored.version = %(version)s
RETURNING stored.version
