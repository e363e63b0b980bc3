-- read_held_organizations: the organizations of an attempt with claims that a person has to look at.
-- Called by: held_claims.list_held_organizations
-- Parameters: attempt_id bigint, automation text, night date
-- Returns: one row per organization in order of id: organization_id, name, claim_count, error_count, new_count (errors
--   not seen before this night)
-- Locks: none
-- Leaves out: organizations without held claims; errors that are overridden
SELECT o.organization_id, o.name, count(DISTINCT d.item_id) AS claim_count,
    count(f.finding_id) + count(DISTINCT d.item_id) FILTER (WHERE d.reason = 'refused_by_validator') AS error_count,
    count(f.finding_id) FILTER (WHERE f.first_seen_on >= %(night)s)
        + count(DISTINCT d.item_id) FILTER (WHERE d.reason = 'refused_by_validator' AND d.opened_on >= %(night)s)
        AS new_count
FROM billing.run_organization ro
JOIN practice.organization o USING (organization_id)
JOIN billing.decision d ON d.automation = %(automation)s AND d.organization_id = ro.organization_id
    AND d.reason IN ('scrub_error', 'refused_by_validator')
    AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
LEFT JOIN billing.finding f ON f.claim_id = d.item_id AND f.resolved_on IS NULL AND f.severity = 'error'
    AND f.override_id IS NULL AND d.reason = 'scrub_error'
WHERE ro.attempt_id = %(attempt_id)s
GROUP BY o.organization_id, o.name
ORDER BY o.organization_id
