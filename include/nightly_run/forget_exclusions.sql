-- forget_exclusions: takes back what an earlier try at this step excluded.
-- Called by: rules.apply_rules
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: nothing
-- Locks: the changed rows
-- Leaves out: candidates with another reason
UPDATE billing.candidate c
SET reason = NULL, rule_id = NULL
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
    AND c.reason = 'excluded'
