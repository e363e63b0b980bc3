-- count_candidates: notes how many items were frozen per organization, so that a later step can tell a crash.
-- Called by: candidates.freeze_candidates
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: nothing
-- Locks: the changed rows
-- Leaves out: nothing
UPDATE billing.run_organization ro
SET candidate_count = coalesce(n.candidate_count, 0)
FROM unnest(%(organization_ids)s::bigint[]) AS o (organization_id)
LEFT JOIN (
    SELECT c.organization_id, count(*) AS candidate_count
    FROM billing.candidate c
    WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
    GROUP BY c.organization_id
) n USING (organization_id)
WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = o.organization_id
