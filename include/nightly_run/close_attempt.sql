-- close_attempt: notes the end of the attempt and how it ended.
-- Called by: attempt.close_attempt, after record_results.sql
-- Parameters: attempt_id, run_id bigint, has_unfinished boolean
-- Returns: outcome, one row
-- Locks: the attempt's row
-- Leaves out: nothing
UPDATE billing.run_attempt a
SET closed_at = clock_timestamp(),
    outcome = CASE
        WHEN %(has_unfinished)s
            OR EXISTS (
                SELECT FROM billing.run_organization ro
                WHERE ro.attempt_id = a.attempt_id AND ro.failed_step IS NOT NULL
            )
            OR EXISTS (
                SELECT FROM billing.nightly_result r WHERE r.run_id = a.run_id AND r.step_failed_count > 0
            ) THEN 'fault'
        WHEN EXISTS (
            SELECT FROM billing.nightly_result r
            WHERE r.run_id = a.run_id AND r.scrub_error_count + r.refused_count > 0
        ) THEN 'held_claims'
        ELSE 'ok'
    END
WHERE a.attempt_id = %(attempt_id)s
RETURNING a.outcome
