-- leave_candidates: gives the frozen items that have not been decided a reason to stay.
-- Called by: organizations.leave_organization
-- Parameters: attempt_id bigint, organization_ids bigint[], reason text, detail_code text
-- Returns: nothing
-- Locks: the changed rows
-- Leaves out: items that have a reason
UPDATE billing.candidate c
SET reason = %(reason)s, detail_code = %(detail_code)s
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
