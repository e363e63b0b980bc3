-- record_findings: writes what a scrub found; what stood already keeps the night it was first seen.
-- Called by: scrub.scrub_claims, after resolve_findings.sql
-- Parameters: night date, found_claim_id bigint[], found_line_number smallint[], found_edit_code, found_severity,
--   found_value text[] (of equal length)
-- Returns: nothing
-- Locks: the written findings
-- Leaves out: nothing
INSERT INTO billing.finding AS f (organization_id, claim_id, version, line_number, edit_code, severity, value,
    first_seen_on, last_seen_on)
SELECT k.organization_id, x.claim_id, k.version, x.line_number, x.edit_code, x.severity, x.value, %(night)s, %(night)s
FROM unnest(%(found_claim_id)s::bigint[], %(found_line_number)s::smallint[], %(found_edit_code)s::text[],
    %(found_severity)s::text[], %(found_value)s::text[]) AS x (claim_id, line_number, edit_code, severity, value)
JOIN billing.claim k USING (claim_id)
ON CONFLICT (claim_id, line_number, edit_code) WHERE resolved_on IS NULL DO UPDATE SET
    last_seen_on = greatest(f.last_seen_on, excluded.last_seen_on),
    version = excluded.version,
    severity = excluded.severity,
    value = excluded.value
WHERE excluded.last_seen_on > f.last_seen_on
    OR (excluded.version, excluded.severity, excluded.value) IS DISTINCT FROM (f.version, f.severity, f.value)
