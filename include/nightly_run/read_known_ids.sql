-- read_known_ids: the ids that a rule of these organizations may name.
-- Called by: rules.read_rules
-- Parameters: table text (insurer, staff, billing_provider, service_type, location, client), organization_ids bigint[]
-- Returns: one row per id
-- Locks: none
-- Leaves out: deleted insurers
SELECT i.insurer_id FROM practice.insurer i
WHERE %(table)s = 'insurer' AND i.organization_id = ANY(%(organization_ids)s::bigint[]) AND i.deleted_on IS NULL
UNION ALL
SELECT s.staff_id FROM practice.staff s
WHERE %(table)s = 'staff' AND s.organization_id = ANY(%(organization_ids)s::bigint[])
UNION ALL
SELECT b.billing_provider_id FROM practice.billing_provider b
WHERE %(table)s = 'billing_provider' AND b.organization_id = ANY(%(organization_ids)s::bigint[])
UNION ALL
SELECT t.service_type_id FROM practice.service_type t
WHERE %(table)s = 'service_type' AND t.organization_id = ANY(%(organization_ids)s::bigint[])
UNION ALL
SELECT l.location_id FROM practice.location l
WHERE %(table)s = 'location' AND l.organization_id = ANY(%(organization_ids)s::bigint[])
UNION ALL
SELECT c.client_id FROM practice.client c
WHERE %(table)s = 'client' AND c.organization_id = ANY(%(organization_ids)s::bigint[])
