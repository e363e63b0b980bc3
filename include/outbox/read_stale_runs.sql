-- read_stale_runs: runs whose files turned out to be with the receiver after their results were written, and the later
--   runs of the bucket, which counted the same claims as left behind.
-- Called by: settlement.recount_results
-- Parameters: none
-- Returns: one row per run in order of id: run_id, attempt_id (its newest closed one), automation, night
-- Locks: none
-- Leaves out: runs whose results count every claim of their files; organizations that have left the run's bucket
WITH closed AS (
    SELECT r.run_id, a.attempt_id, r.automation, r.timezone, r.night
    FROM billing.run r
    JOIN LATERAL (
        SELECT n.attempt_id
        FROM billing.run_attempt n
        WHERE n.run_id = r.run_id AND n.closed_at IS NOT NULL
        ORDER BY n.attempt_id DESC
        LIMIT 1
    ) a ON true
    WHERE r.automation = 'claims_submission'
),
stale AS (
    SELECT c.timezone, c.night
    FROM closed c
    WHERE EXISTS (
        SELECT
        FROM billing.interchange x
        JOIN billing.claim_submission s USING (interchange_id)
        JOIN billing.run_organization ro ON ro.attempt_id = c.attempt_id AND ro.organization_id = s.organization_id
        LEFT JOIN billing.nightly_result n ON n.run_id = c.run_id AND n.organization_id = s.organization_id
        WHERE x.sent_run_id = c.run_id AND x.sent_at >= billing.clock() - interval '31 days'
        GROUP BY s.organization_id
        HAVING count(*) > coalesce(max(n.advanced_count), 0)
    )
)
SELECT c.run_id, c.attempt_id, c.automation, c.night
FROM closed c
WHERE EXISTS (SELECT FROM stale t WHERE t.timezone = c.timezone AND t.night <= c.night)
ORDER BY c.run_id
