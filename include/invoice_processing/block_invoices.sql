-- block_invoices: the undecided invoices that no claim can be built of stay.
-- Called by: steps.process_invoices
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: nothing
-- Locks: the changed rows
-- Leaves out: what a rule excluded: the first reason counts
UPDATE billing.candidate c
SET reason = 'blocked', detail_code = c.blocked_code
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
    AND c.reason IS NULL AND c.blocked_code IS NOT NULL
