-- allow_resend: a file of unknown outcome is sent again: its receiver refuses a number it has had.
-- Called by: delivery.deliver_file
-- Parameters: interchange_id bigint, attempt_count integer
-- Returns: nothing
-- Locks: the file's row
-- Leaves out: files that another attempt or an answer has moved on
UPDATE billing.interchange x
SET interchange_state = 'built', delivery_stage = NULL, unknown_since = NULL, resend_count = x.resend_count + 1
WHERE x.interchange_id = %(interchange_id)s AND x.attempt_count = %(attempt_count)s AND x.interchange_state = 'unknown'
