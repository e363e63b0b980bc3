-- read_candidates: the undecided items with the facts that are frozen with them.
-- Called by: rules.apply_rules
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: one row per item, in no order
-- Locks: none
-- Leaves out: items that have a reason to stay
SELECT c.organization_id, c.item_id, c.client_id, c.staff_id, c.location_id, c.billing_provider_id, c.service_on,
    c.invoice_on, c.primary_insurer_id, c.secondary_insurer_id, c.level, c.pays_by, c.place_of_service_code
FROM billing.candidate c
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
