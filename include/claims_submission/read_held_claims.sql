-- read_held_claims: what holds an organization's claims, for the log of its task instance.
-- Called by: held_claims.read_held_claims
-- Parameters: automation text, night date, organization_id bigint
-- Returns: one row per claim and finding in order of claim, line, edit: claim_number, service_on, line_number, edit_code
--   (NULL: refused by the validator), detail_code, first_seen_on, is_new (not seen before this night)
-- Locks: none
-- Leaves out: warnings, errors that are overridden, and the value found: it may be patient data
SELECT k.claim_number, i.service_on, coalesce(f.line_number, 0) AS line_number, f.edit_code, d.detail_code,
    coalesce(f.first_seen_on, d.opened_on) AS first_seen_on,
    coalesce(f.first_seen_on, d.opened_on) >= %(night)s AS is_new
FROM billing.decision d
JOIN billing.claim k ON k.claim_id = d.item_id
JOIN billing.invoice i ON i.invoice_id = k.invoice_id
LEFT JOIN billing.finding f ON f.claim_id = d.item_id AND f.resolved_on IS NULL AND f.severity = 'error'
    AND f.override_id IS NULL AND d.reason = 'scrub_error'
WHERE d.automation = %(automation)s AND d.organization_id = %(organization_id)s
    AND d.reason IN ('scrub_error', 'refused_by_validator')
    AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
    -- Overridden or resolved since: the next scrub lets the claim go.
    AND (f.finding_id IS NOT NULL OR d.reason = 'refused_by_validator')
ORDER BY k.claim_id, f.line_number, f.edit_code
