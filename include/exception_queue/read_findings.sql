-- read_findings: what the scrubber found on one claim and still stands, with the values found. Patient data.
-- Called by: item.read_item
-- Parameters: organization_id bigint, claim_id bigint
-- Returns: one row per standing finding, errors first, in order of line and edit: edit_code text, line_number smallint (0:
--   the claim), severity, message, fix_location text (both NULL: the edit is no longer in use), value text (patient
--   data), first_seen_on date, is_overridable boolean, override_reason, overridden_by text, overridden_at timestamptz
--   (all three NULL: not overridden)
-- Locks: none
-- Leaves out: findings that are resolved
SELECT f.edit_code, f.line_number, f.severity,
    CASE WHEN f.line_number > 0 THEN replace(e.message, '{line_number}', f.line_number::text) ELSE e.message END AS message,
    e.fix_location, f.value, f.first_seen_on, coalesce(e.is_overridable, false) AS is_overridable,
    o.reason AS override_reason, o.overridden_by, o.overridden_at
FROM billing.finding f
LEFT JOIN billing.edit e USING (edit_code)
LEFT JOIN billing.finding_override o ON o.override_id = f.override_id
WHERE f.organization_id = %(organization_id)s AND f.claim_id = %(claim_id)s AND f.resolved_on IS NULL
ORDER BY f.severity, f.line_number, f.edit_code
