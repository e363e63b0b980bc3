-- list_run_organizations: the organizations that had items in an Airflow run, for who may see them.
-- Called by: nights.list_run_organizations
-- Parameters: automation, airflow_run_id text, kinds, names text[] (of equal length: the principals)
-- Returns: one row per organization, those with held or stopped items first, then by name: organization_id, name,
--   advanced_count, held_count, stopped_count, waiting_count
-- Locks: none
-- Leaves out: what billing.may_see denies to the principals; at most 500 organizations
SELECT o.organization_id, o.name, n.advanced_count, n.scrub_error_count + n.refused_count AS held_count,
    n.blocked_count + n.step_failed_count + n.left_to_another_run_count AS stopped_count,
    n.review_day_count + n.excluded_count + n.on_hold_count + n.before_start_count + n.waiting_count AS waiting_count
FROM (
    SELECT DISTINCT a.run_id
    FROM billing.run_attempt a
    JOIN billing.run r USING (run_id)
    WHERE a.airflow_run_id = %(airflow_run_id)s AND r.automation = %(automation)s
) mine
JOIN billing.nightly_result n USING (run_id)
JOIN practice.organization o USING (organization_id)
WHERE billing.may_see(%(kinds)s::text[], %(names)s::text[], o.organization_id)
ORDER BY n.scrub_error_count + n.refused_count + n.blocked_count + n.step_failed_count + n.left_to_another_run_count > 0 DESC,
    lower(o.name), o.organization_id
LIMIT 500
