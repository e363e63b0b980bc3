-- record_findings: writes what a scrub found; what stood already keeps the night it was first seen.
-- Called by: scrub.scrub_claims, after resolve_findings.sql
-- Parameters: night date, scrub_id bigint, found_claim_id bigint[], found_line_number smallint[], found_edit_code,
--   found_severity, found_value text[], found_override_id bigint[] (of equal length)
-- Returns: nothing
-- Locks: the written findings
-- Leaves out: what stands as it was found on this night or a later one
INSERT INTO billing.finding AS f (organization_id, claim_id, version, line_number, edit_code, severity, value,
    override_id, first_seen_on, last_seen_on, first_scrub_id, last_scrub_id)
SELECT k.organization_id, x.claim_id, k.version, x.line_number, x.edit_code, x.severity, x.value, x.override_id,
    %(night)s, %(night)s, %(scrub_id)s, %(scrub_id)s
FROM unnest(%(found_claim_id)s::bigint[], %(found_line_number)s::smallint[], %(found_edit_code)s::text[],
    %(found_severity)s::text[], %(found_value)s::text[], %(found_override_id)s::bigint[])
    AS x (claim_id, line_number, edit_code, severity, value, override_id)
JOIN billing.claim k USING (claim_id)
ON CONFLICT (claim_id, line_number, edit_code) WHERE resolved_on IS NULL DO UPDATE SET
    last_seen_on = greatest(f.last_seen_on, excluded.last_seen_on),
    last_scrub_id = excluded.last_scrub_id,
    version = excluded.version,
    severity = excluded.severity,
    value = excluded.value,
    override_id = excluded.override_id
WHERE excluded.last_seen_on > f.last_seen_on
    OR (excluded.version, excluded.severity, excluded.value, excluded.override_id)
        IS DISTINCT FROM (f.version, f.severity, f.value, f.override_id)
