-- place_in_time: when a file was written, and in which night of an organization's bucket.
-- Called by: adoption.open_run_of
-- Parameters: written_at timestamp (this database's local time), organization_id bigint
-- Returns: one row: written_at timestamptz (never in the future), timezone, night
-- Locks: none
-- Leaves out: nothing
SELECT n.written_at, o.timezone, billing.billing_day(n.written_at, o.timezone) AS night
FROM practice.organization o
CROSS JOIN LATERAL (
    SELECT least(%(written_at)s::timestamp AT TIME ZONE current_setting('TimeZone'), billing.clock()) AS written_at
) n
WHERE o.organization_id = %(organization_id)s
