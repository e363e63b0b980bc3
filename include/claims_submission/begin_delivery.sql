-- begin_delivery: notes that a file is on its way, and gives its bytes.
-- Called by: delivery.deliver_files
-- Parameters: interchange_id bigint
-- Returns: file_name, body; no row when the file has left meanwhile or all sending is stopped
-- Locks: the file's row
-- Leaves out: nothing
UPDATE billing.interchange x
SET interchange_state = 'sending', attempt_count = x.attempt_count + 1
FROM billing.deployment d
WHERE x.interchange_id = %(interchange_id)s AND x.interchange_state IN ('built', 'sending') AND d.is_sending_enabled
RETURNING x.file_name, x.body
