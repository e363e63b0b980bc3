-- compare_candidates: what was frozen against what is there.
-- Called by: candidates.ensure_frozen
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: one row: recorded count (NULL when some organization was never frozen), present count, whether rules decided
--   on all
-- Locks: none
-- Leaves out: nothing
SELECT
    (
        SELECT CASE WHEN bool_and(ro.candidate_count IS NOT NULL) THEN sum(ro.candidate_count)::bigint END
        FROM billing.run_organization ro
        WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = ANY(%(organization_ids)s::bigint[])
    ),
    (
        SELECT count(*)
        FROM billing.candidate c
        WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
    ),
    (
        SELECT coalesce(bool_and(ro.rules_applied_at IS NOT NULL), true)
        FROM billing.run_organization ro
        WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = ANY(%(organization_ids)s::bigint[])
    )
