-- list_quarantined: files of answers that a person has to look at.
-- Called by: troubles.list_quarantined
-- Parameters: none
-- Returns: one row per file in order of receiver and time: receiver_code, inbox_file_id, received_at (UTC), reason_code,
--   segment_number
-- Locks: none
-- Leaves out: dismissed files
SELECT f.receiver_code, f.inbox_file_id, f.received_at AT TIME ZONE 'UTC' AS received_at, f.reason_code,
    f.segment_number
FROM billing.inbox_file f
WHERE f.file_state = 'quarantined'
ORDER BY f.receiver_code, f.received_at, f.inbox_file_id
