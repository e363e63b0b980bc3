-- read_service_types: the service types of the undecided claims, for exclusion rules.
-- Called by: rules.apply_rules
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: one row per line: item_id, value (service_type_id)
-- Locks: none
-- Leaves out: nothing
SELECT c.item_id, l.service_type_id AS value
FROM billing.candidate c
JOIN billing.claim k ON k.claim_id = c.item_id
JOIN billing.invoice_line l ON l.invoice_id = k.invoice_id
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
