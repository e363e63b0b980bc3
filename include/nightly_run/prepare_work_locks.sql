-- prepare_work_locks: makes the rows that steps lock while they write.
-- Called by: attempt.open_attempt
-- Parameters: attempt_id bigint, automation text
-- Returns: nothing
-- Locks: none
-- Leaves out: rows that are there
INSERT INTO billing.work_lock (organization_id, automation)
SELECT ro.organization_id, %(automation)s
FROM billing.run_organization ro
WHERE ro.attempt_id = %(attempt_id)s AND ro.gate = 'ready'
ORDER BY ro.organization_id
ON CONFLICT DO NOTHING
