-- lock_file: takes a file of answers to apply it.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: one row: body; none when another worker has decided on it meanwhile
-- Locks: the inbox's row of billing.work_lock, so that one file is applied at a time, and the file's row
-- Leaves out: nothing
WITH alone AS MATERIALIZED (
    SELECT FROM billing.work_lock w
    WHERE w.organization_id = 0 AND w.automation = 'clearinghouse_inbox'
    FOR UPDATE
)
SELECT f.body
FROM billing.inbox_file f
WHERE f.inbox_file_id = %(inbox_file_id)s AND f.file_state = 'received' AND (SELECT count(*) FROM alone) = 1
FOR UPDATE OF f
