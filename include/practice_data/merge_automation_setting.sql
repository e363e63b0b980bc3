-- merge_automation_setting: writes the settings of the file, and the default rule of invoice_processing when it is
--   switched on for an organization that never had a rule for it (the file's own rules are written before).
-- Called by: include.practice_data.writing.merge_sheet, after copy_sheet made loaded_automation_setting.
-- Parameters: separator, not used here.
-- Returns: one row: settings inserted, settings changed.
-- Locks: the rows it writes.
-- Leaves out: settings the file does not name; whether the plan includes the automation (the nightly run says so).
WITH setting AS (
    SELECT organization_id::bigint, automation, is_enabled::boolean, enabled_on::date, includes_earlier::boolean,
        paused_until::date
    FROM loaded_automation_setting
),
written AS (
    INSERT INTO billing.automation_setting AS stored
        (organization_id, automation, is_enabled, enabled_on, includes_earlier, paused_until)
    SELECT organization_id, automation, is_enabled, enabled_on, includes_earlier, paused_until
    FROM setting
    ORDER BY organization_id, automation
    ON CONFLICT (organization_id, automation) DO UPDATE SET
        is_enabled = excluded.is_enabled,
        enabled_on = excluded.enabled_on,
        includes_earlier = excluded.includes_earlier,
        paused_until = excluded.paused_until,
        version = stored.version + 1,
        changed_by = billing.actor(),
        changed_at = billing.clock()
    WHERE (stored.is_enabled, stored.enabled_on, stored.includes_earlier, stored.paused_until)
        IS DISTINCT FROM (excluded.is_enabled, excluded.enabled_on, excluded.includes_earlier, excluded.paused_until)
    RETURNING stored.organization_id, stored.automation, stored.is_enabled, stored.xmax = 0 AS is_new
),
default_rule AS (
    INSERT INTO billing.exclusion_rule (organization_id, automation, position)
    SELECT w.organization_id, w.automation, 1
    FROM written w
    WHERE w.automation = 'invoice_processing' AND w.is_enabled AND NOT EXISTS (
        SELECT FROM billing.exclusion_rule r
        WHERE r.organization_id = w.organization_id AND r.automation = 'invoice_processing'
    )
    ORDER BY w.organization_id
    RETURNING rule_id, automation
),
default_condition AS (
    INSERT INTO billing.exclusion_condition (rule_id, condition_number, automation, field, match_values)
    SELECT rule_id, 1, automation, 'client_pays_by', ARRAY['self_pay'] FROM default_rule ORDER BY rule_id
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written;
