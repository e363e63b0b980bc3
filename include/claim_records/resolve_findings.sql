-- resolve_findings: ends the findings that a scrub did not find again.
-- Called by: scrub.scrub_claims
-- Parameters: night date, claim_ids bigint[] (scrubbed), found_claim_id bigint[], found_line_number smallint[],
--   found_edit_code text[] (of equal length)
-- Returns: nothing
-- Locks: the changed findings
-- Leaves out: findings a later night has seen
UPDATE billing.finding f
SET resolved_on = %(night)s
WHERE f.claim_id = ANY(%(claim_ids)s::bigint[]) AND f.resolved_on IS NULL AND f.last_seen_on <= %(night)s
    AND NOT EXISTS (
        SELECT
        FROM unnest(%(found_claim_id)s::bigint[], %(found_line_number)s::smallint[], %(found_edit_code)s::text[])
            AS x (claim_id, line_number, edit_code)
        WHERE x.claim_id = f.claim_id AND x.line_number = f.line_number AND x.edit_code = f.edit_code
    )
