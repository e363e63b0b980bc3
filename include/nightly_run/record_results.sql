-- record_results: the run's figures per organization, counted from what it moved and from the decisions of its night.
-- Called by: attempt.close_attempt
-- Parameters: attempt_id, run_id bigint, automation text, night date
-- Returns: nothing; writes billing.nightly_result, one row per organization
-- Locks: the changed rows
-- Leaves out: organizations of the bucket without any item
-- One pass over all rows with one GROUP BY and no join of counted sets: what the run has just written is too new for the
-- planner to know of, and a set it takes for small is counted again for every row of the other.
WITH counted AS MATERIALIZED (
    SELECT x.organization_id, max(x.gate) AS gate, max(x.item_count) AS item_count,
        coalesce(sum(x.advanced_count), 0) AS advanced_count,
        coalesce(sum(x.total_amount), 0) AS advanced_amount,
        count(*) FILTER (WHERE x.reason = 'before_start') AS before_start_count,
        count(*) FILTER (WHERE x.reason = 'on_hold') AS on_hold_count,
        count(*) FILTER (WHERE x.reason = 'review_day') AS review_day_count,
        count(*) FILTER (WHERE x.reason = 'excluded') AS excluded_count,
        count(*) FILTER (WHERE x.reason = 'blocked') AS blocked_count,
        count(*) FILTER (WHERE x.reason = 'scrub_error') AS scrub_error_count,
        count(*) FILTER (WHERE x.reason = 'refused_by_validator') AS refused_count,
        count(*) FILTER (WHERE x.reason = 'left_to_another_run') AS left_to_another_run_count,
        count(*) FILTER (WHERE x.reason = 'step_failed') AS step_failed_count
    FROM (
        SELECT ro.organization_id, ro.gate, ro.item_count, NULL AS reason, NULL::numeric AS total_amount,
            NULL::integer AS advanced_count
        FROM billing.run_organization ro
        WHERE ro.attempt_id = %(attempt_id)s
        UNION ALL
        SELECT a.organization_id, NULL, NULL, 'advanced', a.total_amount, a.item_count
        FROM billing.advanced_item a
        WHERE a.automation = %(automation)s AND a.run_id = %(run_id)s
        UNION ALL
        SELECT d.organization_id, NULL, NULL, d.reason, NULL, NULL
        FROM billing.decision d
        WHERE d.automation = %(automation)s AND d.item_id IS NOT NULL
            AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
        UNION ALL
        SELECT n.organization_id, NULL, NULL, 'counted before', NULL, NULL
        FROM billing.nightly_result n
        WHERE n.run_id = %(run_id)s
    ) x
    GROUP BY x.organization_id
    -- Of the run's organizations those that have more than their own row, or items that wait.
    HAVING max(x.gate) IS NOT NULL AND (count(x.reason) > 0 OR max(x.item_count) > 0)
)
INSERT INTO billing.nightly_result AS r (run_id, organization_id, advanced_count, advanced_amount, waiting_count,
    before_start_count, on_hold_count, review_day_count, excluded_count, blocked_count, scrub_error_count,
    refused_count, left_to_another_run_count, step_failed_count)
SELECT %(run_id)s, c.organization_id, c.advanced_count, c.advanced_amount,
    CASE WHEN c.gate = 'ready' THEN 0 ELSE c.item_count END,
    c.before_start_count, c.on_hold_count, c.review_day_count, c.excluded_count, c.blocked_count, c.scrub_error_count,
    c.refused_count, c.left_to_another_run_count, c.step_failed_count
FROM counted c
ON CONFLICT (run_id, organization_id) DO UPDATE SET
    advanced_count = excluded.advanced_count,
    advanced_amount = excluded.advanced_amount,
    waiting_count = excluded.waiting_count,
    before_start_count = excluded.before_start_count,
    on_hold_count = excluded.on_hold_count,
    review_day_count = excluded.review_day_count,
    excluded_count = excluded.excluded_count,
    blocked_count = excluded.blocked_count,
    scrub_error_count = excluded.scrub_error_count,
    refused_count = excluded.refused_count,
    left_to_another_run_count = excluded.left_to_another_run_count,
    step_failed_count = excluded.step_failed_count
