-- read_modifiers: the modifiers on the lines of the undecided claims, for exclusion rules.
-- Called by: rules.apply_rules
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: one row per line and modifier: item_id, value
-- Locks: none
-- Leaves out: lines without modifiers
SELECT c.item_id, m.value
FROM billing.candidate c
JOIN billing.claim k ON k.claim_id = c.item_id
JOIN billing.invoice_line l ON l.invoice_id = k.invoice_id
CROSS JOIN LATERAL unnest(ARRAY[l.modifier_1, l.modifier_2, l.modifier_3, l.modifier_4]) AS m (value)
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
    AND m.value IS NOT NULL
