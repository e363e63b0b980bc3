-- read_local_today: the calendar date where the organization is.
-- Called by: settings.pause
-- Parameters: organization_id bigint
-- Returns: date, one row
-- Locks: none
-- Leaves out: nothing
SELECT billing.local_today(%(organization_id)s)
