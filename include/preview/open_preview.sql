-- open_preview: a run and its attempt that nobody else sees.
-- Called by: tonight._open
-- Parameters: automation, timezone text, due_at timestamptz
-- Returns: attempt_id, run_id, one row
-- Locks: the new rows
-- Leaves out: the night itself
WITH opened AS (
    INSERT INTO billing.run (automation, timezone, night, due_at)
    -- A night of its own, long past: a bucket has one run per night, so that two previews, or a preview and the run,
    -- would wait for one another. The steps take the night that counts from the attempt.
    VALUES (%(automation)s, %(timezone)s, date '0001-01-01' + pg_backend_pid() %% 700000, %(due_at)s)
    RETURNING run_id
)
INSERT INTO billing.run_attempt (run_id, attempt_number, airflow_run_id, airflow_try_number)
SELECT o.run_id, 1, 'preview', 1
FROM opened o
RETURNING attempt_id, run_id
