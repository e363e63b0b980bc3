-- open_run: the run of an automation, bucket and night; made when it is new.
-- Called by: attempt.open_attempt, adoption.open_run_of
-- Parameters: automation text, timezone text, night date, due_at timestamptz
-- Returns: run_id, one row
-- Locks: the run's row until the transaction ends, so that attempts are numbered one after another
-- Leaves out: nothing
INSERT INTO billing.run (automation, timezone, night, due_at)
VALUES (%(automation)s, %(timezone)s, %(night)s, %(due_at)s)
ON CONFLICT (automation, timezone, night) DO UPDATE SET due_at = excluded.due_at
RETURNING run_id
