-- read_received: the files of answers that nobody has decided on.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: none
-- Returns: one row per file, oldest first: inbox_file_id
-- Locks: none
-- Leaves out: applied, waiting, quarantined and dismissed files
SELECT f.inbox_file_id
FROM billing.inbox_file f
WHERE f.file_state = 'received'
ORDER BY f.received_at, f.inbox_file_id
