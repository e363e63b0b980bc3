-- read_left_behind: files that were attempted and are not known to be with their receiver.
-- Called by: settlement.settle_files
-- Parameters: none
-- Returns: one row per file in order of receiver and control number: interchange_id, receiver_code
-- Locks: none
-- Leaves out: files that no attempt has touched; an upload under way (it may be alive, and its own run goes on with it)
SELECT x.interchange_id, x.receiver_code
FROM billing.interchange x
WHERE x.interchange_state IN ('built', 'sending', 'unknown') AND x.attempt_count > 0
    AND (x.interchange_state <> 'sending' OR x.delivery_stage = 'placing'
        OR x.attempted_at < billing.clock() - interval '3 hours')
ORDER BY x.receiver_code, x.control_number
