-- read_service_types: the service types of the undecided appointments, for exclusion rules.
-- Called by: rules.apply_rules
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: one row per service: item_id, value (service_type_id)
-- Locks: none
-- Leaves out: nothing
SELECT c.item_id, s.service_type_id AS value
FROM billing.candidate c
JOIN practice.appointment_service s ON s.appointment_id = c.item_id
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
