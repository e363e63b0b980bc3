-- doubt_file: a file about which nothing was seen may have left all the same: whether it arrived is unknown.
-- Called by: comparison.doubt_file
-- Parameters: interchange_id bigint (of a file that is sending)
-- Returns: nothing
-- Locks: the file
-- Leaves out: nothing
UPDATE billing.interchange x
SET interchange_state = 'unknown', unknown_since = billing.clock(), delivery_stage = 'placing'
WHERE x.interchange_id = %(interchange_id)s AND x.interchange_state = 'sending'
