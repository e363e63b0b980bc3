-- lock_organizations: keeps other runs of the automation away from these organizations until the transaction ends.
-- Called by: organizations.lock_organizations
-- Parameters: automation text, organization_ids bigint[]
-- Returns: one row per locked organization
-- Locks: rows of billing.work_lock in order of organization; waits for another run's step
-- Leaves out: nothing
SELECT w.organization_id
FROM billing.work_lock w
WHERE w.automation = %(automation)s AND w.organization_id = ANY(%(organization_ids)s::bigint[])
ORDER BY w.organization_id
FOR UPDATE
