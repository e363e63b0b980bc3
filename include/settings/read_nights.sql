-- read_nights: what the runs of the last nights did for an organization.
-- Called by: nights.read_nights
-- Parameters: organization_id bigint, today date (the organization's local date), night_count integer
-- Returns: one row per night and automation that ran, newest night first: night, automation, run_id, airflow_run_id (of
--   the newest attempt), outcome (of that attempt; NULL: not closed), failed_step (of the organization), advanced_count,
--   advanced_amount (dollars), held_count (scrub errors, refused), stopped_count (blocked, failed, left to another run),
--   waiting_count (review day, excluded, on hold, before start, off)
-- Locks: none
-- Leaves out: nights before the last night_count; when none of those ran, the same number up to the newest that did
WITH mine AS MATERIALIZED (
    SELECT r.run_id, r.automation, r.night, n.advanced_count, n.advanced_amount, n.scrub_error_count, n.refused_count,
        n.blocked_count, n.step_failed_count, n.left_to_another_run_count, n.review_day_count, n.excluded_count,
        n.on_hold_count, n.before_start_count, n.waiting_count
    FROM billing.run r
    JOIN practice.organization o ON o.organization_id = %(organization_id)s
    LEFT JOIN billing.nightly_result n ON n.run_id = r.run_id AND n.organization_id = o.organization_id
    -- A practice that moved to another zone keeps the nights of the old one.
    WHERE r.timezone = o.timezone OR n.run_id IS NOT NULL
),
last AS (
    SELECT CASE WHEN max(m.night) > %(today)s::date - %(night_count)s::integer
        THEN greatest(max(m.night), %(today)s::date) ELSE max(m.night) END AS night
    FROM mine m
)
SELECT m.night, m.automation, m.run_id, a.airflow_run_id, a.outcome, ro.failed_step,
    coalesce(m.advanced_count, 0) AS advanced_count, coalesce(m.advanced_amount, 0) AS advanced_amount,
    coalesce(m.scrub_error_count + m.refused_count, 0) AS held_count,
    coalesce(m.blocked_count + m.step_failed_count + m.left_to_another_run_count, 0) AS stopped_count,
    coalesce(m.review_day_count + m.excluded_count + m.on_hold_count + m.before_start_count + m.waiting_count, 0)
        AS waiting_count
FROM mine m
CROSS JOIN last
JOIN LATERAL (
    SELECT x.* FROM billing.run_attempt x WHERE x.run_id = m.run_id ORDER BY x.attempt_number DESC LIMIT 1
) a ON true
LEFT JOIN billing.run_organization ro ON ro.attempt_id = a.attempt_id AND ro.organization_id = %(organization_id)s
WHERE m.night > last.night - %(night_count)s::integer
ORDER BY m.night DESC, m.automation
