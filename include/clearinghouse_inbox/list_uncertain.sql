-- list_uncertain: files of which nobody here can find out whether they arrived, and which are not sent again by themselves.
-- Called by: troubles.list_uncertain
-- Parameters: none
-- Returns: one row per file in order of receiver and control number: receiver_code, interchange_id, file_name (ours),
--   interchange_state, attempt_count, attempted_at (UTC), fault_code
-- Locks: none
-- Leaves out: files that a later attempt can still settle: the receiver checks duplicates, or an answer may come until
--   resend_after is over; files about which a person said how long to wait
SELECT x.receiver_code, x.interchange_id, x.file_name, x.interchange_state, x.attempt_count,
    coalesce(x.attempted_at, x.built_at) AT TIME ZONE 'UTC' AS attempted_at, x.fault_code
FROM billing.interchange x
JOIN billing.receiver v USING (receiver_code)
WHERE (x.wait_until IS NULL OR x.wait_until <= billing.clock())
    AND (
        (x.interchange_state = 'unknown' AND NOT v.checks_duplicates
            AND x.unknown_since + v.resend_after <= billing.clock())
        -- Other bytes lie under our name: no attempt gets past them.
        OR (x.interchange_state IN ('built', 'sending', 'unknown') AND x.fault_code = 'name_taken')
    )
ORDER BY x.receiver_code, x.control_number
