-- delete_candidates: clears what an earlier try froze for the organizations.
-- Called by: candidates.freeze_candidates
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: nothing
-- Locks: the deleted rows
-- Leaves out: nothing
DELETE FROM billing.candidate c
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
