-- read_timezone: the bucket of an organization.
-- Called by: tonight.preview_tonight, queue.read_queue, queue.read_queue_item
-- Parameters: organization_id numeric
-- Returns: timezone, one row; none when there is no such organization
-- Locks: none
-- Leaves out: nothing
SELECT o.timezone
FROM practice.organization o
WHERE o.organization_id = %(organization_id)s::numeric
