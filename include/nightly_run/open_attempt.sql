-- open_attempt: the attempt of this Airflow run and try; made when it is new, with the next number.
-- Called by: attempt.open_attempt, after open_run.sql
-- Parameters: run_id bigint, airflow_run_id text, airflow_try_number integer
-- Returns: attempt_id, one row
-- Locks: none beyond open_run.sql
-- Leaves out: nothing
INSERT INTO billing.run_attempt (run_id, attempt_number, airflow_run_id, airflow_try_number)
SELECT %(run_id)s, coalesce(max(a.attempt_number), 0) + 1, %(airflow_run_id)s, %(airflow_try_number)s
FROM billing.run_attempt a
WHERE a.run_id = %(run_id)s
ON CONFLICT (run_id, airflow_run_id, airflow_try_number) DO UPDATE SET airflow_run_id = excluded.airflow_run_id
RETURNING attempt_id
