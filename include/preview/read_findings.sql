-- read_findings: what the scrub of a preview found on the claims it looked at.
-- Called by: tonight._read_items
-- Parameters: attempt_id bigint
-- Returns: one row per finding, by claim, errors first, line and edit: claim_id, edit_code, line_number, severity, message,
--   fix_location, is_overridden
-- Locks: none
-- Leaves out: the value found; findings of claims that stay for an earlier reason and so were not scrubbed
SELECT f.claim_id, f.edit_code, f.line_number, f.severity,
    CASE WHEN f.line_number > 0 THEN replace(e.message, '{line_number}', f.line_number::text) ELSE e.message END AS message,
    e.fix_location, f.override_id IS NOT NULL AS is_overridden
FROM billing.candidate c
JOIN billing.finding f ON f.claim_id = c.item_id AND f.resolved_on IS NULL
JOIN billing.edit e USING (edit_code)
WHERE c.attempt_id = %(attempt_id)s AND (c.reason IS NULL OR c.reason = 'scrub_error')
ORDER BY f.claim_id, f.severity, f.line_number, f.edit_code
