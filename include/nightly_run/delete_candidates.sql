-- delete_candidates: clears what an earlier try froze for the organizations, and forgets what was decided on it.
-- Called by: candidates.freeze_candidates
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: nothing
-- Locks: the deleted rows, the attempt's rows of the organizations
-- Leaves out: nothing
WITH forgotten AS (
    UPDATE billing.run_organization ro
    SET candidate_count = NULL, rules_applied_at = NULL
    WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = ANY(%(organization_ids)s::bigint[])
)
DELETE FROM billing.candidate c
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
