-- delete_old_candidates: clears the work table of attempts that are over or were given up.
-- Called by: attempt.open_attempt
-- Parameters: attempt_id bigint
-- Returns: nothing
-- Locks: the deleted rows
-- Leaves out: attempts younger than two days that are still open
DELETE FROM billing.candidate c
USING billing.run_attempt a
WHERE a.attempt_id = c.attempt_id
    AND a.attempt_id <> %(attempt_id)s
    AND (a.closed_at IS NOT NULL OR a.opened_at < now() - interval '2 days')
