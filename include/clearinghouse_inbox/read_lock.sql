-- read_lock: why all sending is locked.
-- Called by: troubles.describe_lock
-- Parameters: none
-- Returns: one row while sending is locked: is_another_database, locked_because; else none
-- Locks: none
-- Leaves out: the stop by the switch of billing.deployment: whoever turned it knows of it
SELECT d.database_identity <> billing.database_identity() AS is_another_database, d.locked_because
FROM billing.deployment d
CROSS JOIN billing.sending s
WHERE s.stop_code = 'sending_locked'
