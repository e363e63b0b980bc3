-- begin_delivery: a new attempt at a file begins; an older one may no longer place it.
-- Called by: delivery.deliver_file
-- Parameters: interchange_id bigint, attempt_count integer (the newest one the caller has seen), target text
-- Returns: one row: attempt_count, file_name, body, sha256; none when somebody else was faster, the last attempt may have
--   placed the file, or sending is stopped
-- Locks: the file's row
-- Leaves out: files whose outcome is unknown: settle_unknown decides about those
UPDATE billing.interchange x
SET interchange_state = 'sending', delivery_stage = 'uploading', attempt_count = x.attempt_count + 1,
    attempted_at = billing.clock(), delivered_to = %(target)s, fault_code = NULL
FROM billing.sending s
WHERE x.interchange_id = %(interchange_id)s AND x.attempt_count = %(attempt_count)s AND s.is_allowed
    AND (x.interchange_state = 'built' OR (x.interchange_state = 'sending' AND x.delivery_stage = 'uploading'))
RETURNING x.attempt_count, x.file_name, x.body, x.sha256
