-- record_results: the run's figures per organization, counted from what it moved and from the decisions of its night.
-- Called by: attempt.close_attempt
-- Parameters: attempt_id, run_id bigint, automation text, night date
-- Returns: nothing; writes billing.nightly_result, one row per organization
-- Locks: the changed rows
-- Leaves out: organizations of the bucket without any item
WITH advanced AS (
    SELECT a.organization_id, count(*) AS advanced_count, sum(a.total_amount) AS advanced_amount
    FROM billing.advanced_item a
    WHERE a.automation = %(automation)s AND a.run_id = %(run_id)s
    GROUP BY a.organization_id
),
stayed AS (
    SELECT d.organization_id,
        count(*) FILTER (WHERE d.reason = 'before_start') AS before_start_count,
        count(*) FILTER (WHERE d.reason = 'on_hold') AS on_hold_count,
        count(*) FILTER (WHERE d.reason = 'review_day') AS review_day_count,
        count(*) FILTER (WHERE d.reason = 'excluded') AS excluded_count,
        count(*) FILTER (WHERE d.reason = 'blocked') AS blocked_count,
        count(*) FILTER (WHERE d.reason = 'scrub_error') AS scrub_error_count,
        count(*) FILTER (WHERE d.reason = 'refused_by_validator') AS refused_count,
        count(*) FILTER (WHERE d.reason = 'left_to_another_run') AS left_to_another_run_count,
        count(*) FILTER (WHERE d.reason = 'step_failed') AS step_failed_count
    FROM billing.decision d
    JOIN billing.run_organization ro ON ro.attempt_id = %(attempt_id)s AND ro.organization_id = d.organization_id
    WHERE d.automation = %(automation)s AND d.item_id IS NOT NULL
        AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
    GROUP BY d.organization_id
)
INSERT INTO billing.nightly_result AS r (run_id, organization_id, advanced_count, advanced_amount, waiting_count,
    before_start_count, on_hold_count, review_day_count, excluded_count, blocked_count, scrub_error_count,
    refused_count, left_to_another_run_count, step_failed_count)
SELECT %(run_id)s, ro.organization_id, coalesce(a.advanced_count, 0), coalesce(a.advanced_amount, 0),
    CASE WHEN ro.gate = 'ready' THEN 0 ELSE ro.item_count END,
    coalesce(s.before_start_count, 0), coalesce(s.on_hold_count, 0), coalesce(s.review_day_count, 0),
    coalesce(s.excluded_count, 0), coalesce(s.blocked_count, 0), coalesce(s.scrub_error_count, 0),
    coalesce(s.refused_count, 0), coalesce(s.left_to_another_run_count, 0), coalesce(s.step_failed_count, 0)
FROM billing.run_organization ro
LEFT JOIN advanced a USING (organization_id)
LEFT JOIN stayed s USING (organization_id)
WHERE ro.attempt_id = %(attempt_id)s
    AND (a.advanced_count > 0 OR s.organization_id IS NOT NULL OR ro.item_count > 0
        OR EXISTS (
            SELECT FROM billing.nightly_result n
            WHERE n.run_id = %(run_id)s AND n.organization_id = ro.organization_id
        ))
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
