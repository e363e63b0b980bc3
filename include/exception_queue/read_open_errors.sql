-- read_open_errors: the errors that hold claims, without the values found: those may be patient data.
-- Called by: queue.read_queue, queue.read_queue_item
-- Parameters: organization_id bigint, claim_ids bigint[]
-- Returns: one row per standing error that nobody has overridden, in order of claim, line, edit: claim_id bigint,
--   edit_code, message, fix_location text (both NULL: the edit is no longer in use)
-- Locks: none
-- Leaves out: warnings
SELECT f.claim_id, f.edit_code,
    CASE WHEN f.line_number > 0 THEN replace(e.message, '{line_number}', f.line_number::text) ELSE e.message END AS message,
    e.fix_location
FROM billing.finding f
LEFT JOIN billing.edit e USING (edit_code)
WHERE f.organization_id = %(organization_id)s AND f.claim_id = ANY(%(claim_ids)s::bigint[]) AND f.resolved_on IS NULL
    AND f.severity = 'error' AND f.override_id IS NULL
ORDER BY f.claim_id, f.line_number, f.edit_code
