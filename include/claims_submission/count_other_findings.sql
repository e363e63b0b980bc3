-- count_other_findings: what stands on an organization's claims and holds none of them.
-- Called by: held_claims.describe_held_claims
-- Parameters: run_id bigint, automation text, night date, organization_id bigint
-- Returns: one row: warnings on claims this run filed, warnings on held claims, overridden errors on either
-- Locks: none
-- Leaves out: findings on claims of other nights
SELECT
    count(*) FILTER (WHERE f.severity = 'warning' AND c.is_sent) AS sent_warning_count,
    count(*) FILTER (WHERE f.severity = 'warning' AND NOT c.is_sent) AS held_warning_count,
    count(*) FILTER (WHERE f.override_id IS NOT NULL) AS overridden_count
FROM (
    SELECT s.claim_id, true AS is_sent
    FROM billing.interchange x
    JOIN billing.claim_submission s USING (interchange_id)
    WHERE x.built_run_id = %(run_id)s AND s.organization_id = %(organization_id)s
    UNION ALL
    SELECT d.item_id, false
    FROM billing.decision d
    WHERE d.automation = %(automation)s AND d.organization_id = %(organization_id)s
        AND d.reason IN ('scrub_error', 'refused_by_validator')
        AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)
) c
JOIN billing.finding f ON f.claim_id = c.claim_id AND f.resolved_on IS NULL
