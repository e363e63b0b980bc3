-- begin_placing: the upload is whole; from here on the file may be at the receiver, whatever happens.
-- Called by: delivery.deliver_file
-- Parameters: interchange_id bigint, attempt_count integer
-- Returns: one row: interchange_id; none when another attempt has begun or sending is stopped meanwhile
-- Locks: the file's row
-- Leaves out: nothing
UPDATE billing.interchange x
SET delivery_stage = 'placing'
FROM billing.sending s
WHERE x.interchange_id = %(interchange_id)s AND x.attempt_count = %(attempt_count)s AND s.is_allowed
    AND x.interchange_state = 'sending' AND x.delivery_stage = 'uploading'
RETURNING x.interchange_id
