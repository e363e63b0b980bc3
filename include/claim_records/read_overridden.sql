-- read_overridden: which of the errors found a person has overridden.
-- Called by: scrub.scrub_claims
-- Parameters: error_claim_id bigint[], error_line_number smallint[], error_edit_code, error_value text[] (of equal length)
-- Returns: one row per error that an override lets pass: claim_id, line_number, edit_code, override_id
-- Locks: none
-- Leaves out: overrides given for another value, of an edit that may not be overridden (any more), and those after which
--   the claim was rejected for what the edit looks for
SELECT x.claim_id, x.line_number, x.edit_code, o.override_id
FROM unnest(%(error_claim_id)s::bigint[], %(error_line_number)s::smallint[], %(error_edit_code)s::text[],
    %(error_value)s::text[]) AS x (claim_id, line_number, edit_code, value)
JOIN billing.finding_override o ON o.claim_id = x.claim_id AND o.line_number = x.line_number
    AND o.edit_code = x.edit_code AND o.withdrawn_at IS NULL
JOIN billing.edit e ON e.edit_code = x.edit_code AND e.is_overridable
WHERE o.value_key IS NOT DISTINCT FROM billing.value_key(x.value)
    AND NOT EXISTS (
        SELECT FROM billing.edit_rejection r
        WHERE r.claim_id = o.claim_id AND r.edit_code = o.edit_code AND r.recorded_at > o.overridden_at
    )
