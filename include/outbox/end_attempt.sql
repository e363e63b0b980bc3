-- end_attempt: an attempt ended without the file being known to be there.
-- Called by: delivery.deliver_file, delivery.find_out
-- Parameters: interchange_id bigint, attempt_count integer, state text (built: it is certainly not there; unknown),
--   fault_code text (none: nothing failed, it was only not found)
-- Returns: one row: interchange_id; none when another attempt has begun or the outcome is known meanwhile
-- Locks: the file's row
-- Leaves out: nothing
UPDATE billing.interchange x
SET interchange_state = %(state)s,
    delivery_stage = CASE WHEN %(state)s = 'unknown' THEN x.delivery_stage END,
    fault_code = %(fault_code)s,
    unknown_since = CASE WHEN %(state)s = 'unknown' THEN coalesce(x.unknown_since, billing.clock()) END
WHERE x.interchange_id = %(interchange_id)s AND x.attempt_count = %(attempt_count)s
    AND x.interchange_state IN ('sending', 'unknown')
RETURNING x.interchange_id
