-- resolve_findings: ends the findings that a scrub did not find again, and says why it did not.
-- Called by: scrub.scrub_claims
-- Parameters: night date, scrub_id bigint, is_asked_for, is_for_sending boolean, claim_ids bigint[] (scrubbed),
--   held_claim_ids bigint[], found_claim_id bigint[], found_line_number smallint[], found_edit_code text[] (of equal
--   length), off_claim_id bigint[], off_line_number smallint[], off_edit_code text[] (of equal length: found by an edit
--   that is off there), not_checked_code text[], checked_from, checked_to date[] (of equal length: edits that could not
--   look at all claims, and the service dates they can look at; none where from is after to)
-- Returns: nothing
-- Locks: the changed findings
-- Leaves out: findings a later night has seen, unless a person asked for this scrub (then it is the newest word) or lets
--   the claim go out (then it would go out with a finding that is not so any more)
UPDATE billing.finding f
SET resolved_on = greatest(%(night)s, f.last_seen_on),
    resolved_scrub_id = %(scrub_id)s,
    resolution = CASE
        WHEN EXISTS (
            SELECT
            FROM unnest(%(not_checked_code)s::text[], %(checked_from)s::date[], %(checked_to)s::date[])
                AS x (edit_code, checked_from, checked_to)
            -- A join here could be planned as one over all claims there are.
            WHERE x.edit_code = f.edit_code AND (
                SELECT i.service_on
                FROM billing.claim k
                JOIN billing.invoice i USING (invoice_id)
                WHERE k.claim_id = f.claim_id
            ) NOT BETWEEN x.checked_from AND x.checked_to
        ) THEN 'not_checked'
        WHEN EXISTS (
            SELECT
            FROM unnest(%(off_claim_id)s::bigint[], %(off_line_number)s::smallint[], %(off_edit_code)s::text[])
                AS x (claim_id, line_number, edit_code)
            WHERE x.claim_id = f.claim_id AND x.line_number = f.line_number AND x.edit_code = f.edit_code
        ) THEN 'switched_off'
        ELSE 'fixed'
    END
WHERE f.claim_id = ANY(%(claim_ids)s::bigint[]) AND f.resolved_on IS NULL
    AND (f.last_seen_on <= %(night)s OR %(is_asked_for)s
        OR %(is_for_sending)s AND NOT f.claim_id = ANY(%(held_claim_ids)s::bigint[]))
    AND NOT EXISTS (
        SELECT
        FROM unnest(%(found_claim_id)s::bigint[], %(found_line_number)s::smallint[], %(found_edit_code)s::text[])
            AS x (claim_id, line_number, edit_code)
        WHERE x.claim_id = f.claim_id AND x.line_number = f.line_number AND x.edit_code = f.edit_code
    )
