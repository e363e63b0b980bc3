-- read_file: where the delivery of a file stands.
-- Called by: delivery.read_file
-- Parameters: interchange_id bigint
-- Returns: one row: interchange_id, receiver_code, file_name, sha256, byte_count, interchange_state, delivery_stage,
--   attempt_count, may_resend (its outcome is unknown for so long that it is sent again where duplicates are checked)
-- Locks: none
-- Leaves out: nothing
SELECT x.interchange_id, x.receiver_code, x.file_name, x.sha256, length(x.body) AS byte_count, x.interchange_state,
    x.delivery_stage, x.attempt_count,
    x.interchange_state = 'unknown' AND v.checks_duplicates AND x.unknown_since + v.resend_after <= billing.clock()
        AS may_resend
FROM billing.interchange x
JOIN billing.receiver v USING (receiver_code)
WHERE x.interchange_id = %(interchange_id)s
