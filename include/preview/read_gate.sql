-- read_gate: whether the automation is ready for the organization of a preview, or what stops it.
-- Called by: tonight._open
-- Parameters: attempt_id bigint
-- Returns: gate (ready, plan, off, paused), one row
-- Locks: none
-- Leaves out: nothing
SELECT ro.gate
FROM billing.run_organization ro
WHERE ro.attempt_id = %(attempt_id)s
