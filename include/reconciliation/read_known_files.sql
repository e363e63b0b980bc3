-- read_known_files: every file of a receiver that this database knows, without its bytes.
-- Called by: evidence.read_known_files
-- Parameters: receiver_code text
-- Returns: one row per file in order of number: interchange_id, control_number, file_name, sha256, byte_count,
--   interchange_state, delivered_to, attempt_count
-- Locks: none
-- Leaves out: nothing
SELECT x.interchange_id, x.control_number, x.file_name, x.sha256, length(x.body) AS byte_count, x.interchange_state,
    x.delivered_to, x.attempt_count
FROM billing.interchange x
WHERE x.receiver_code = %(receiver_code)s
ORDER BY x.control_number
