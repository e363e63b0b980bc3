-- read_undelivered: the bucket's files that have not left yet, this run's and older ones.
-- Called by: delivery.deliver_files
-- Parameters: run_id bigint
-- Returns: one row per file in order of receiver and control number: interchange_id, receiver_code
-- Locks: none
-- Leaves out: files of other buckets and of later nights
SELECT x.interchange_id, x.receiver_code
FROM billing.interchange x
JOIN billing.run built ON built.run_id = x.built_run_id
JOIN billing.run mine ON mine.run_id = %(run_id)s
WHERE x.interchange_state IN ('built', 'sending', 'unknown')
    AND built.timezone = mine.timezone AND built.automation = mine.automation AND built.night <= mine.night
ORDER BY x.receiver_code, x.control_number
