-- compare_candidates: whether what was frozen is there, and decided on.
-- Called by: candidates.ensure_frozen, candidates.lock_decided
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: one row: recorded count (NULL when some organization was never frozen), whether it is there, whether rules
--   decided on all
-- Locks: none
-- Leaves out: counting: the set is frozen and emptied whole, by one transaction or a crash of the server
SELECT frozen.candidate_count,
    coalesce(frozen.candidate_count, 0) = 0 OR EXISTS (
        SELECT FROM billing.candidate c
        WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(frozen.with_items)
    ) AS is_present,
    frozen.is_decided
FROM (
    SELECT CASE WHEN bool_and(ro.candidate_count IS NOT NULL) THEN sum(ro.candidate_count)::bigint END AS candidate_count,
        coalesce(bool_and(ro.rules_applied_at IS NOT NULL), true) AS is_decided,
        array_agg(ro.organization_id) FILTER (WHERE ro.candidate_count > 0) AS with_items
    FROM billing.run_organization ro
    WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = ANY(%(organization_ids)s::bigint[])
) frozen
