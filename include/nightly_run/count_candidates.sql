-- count_candidates: notes how many items were frozen per organization, so that a later step can tell a crash.
-- Called by: candidates.freeze_candidates
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: nothing
-- Locks: the changed rows
-- Leaves out: nothing
UPDATE billing.run_organization ro
-- Counted through the index one organization after another: the rows are too new for the planner to know of them, and
-- a join of two sets it takes for small is read once for every row of the other.
SET candidate_count = (
    SELECT count(*)
    FROM billing.candidate c
    WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ro.organization_id
)
WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = ANY(%(organization_ids)s::bigint[])
