-- list_modifiers: the modifiers in use: those of the organization's service types and of its waiting claims.
-- Called by: values.list_values
-- Parameters: organization_id bigint, text text (part of the code), row_limit integer
-- Returns: one row per modifier, in order
-- Locks: none
-- Leaves out: what is not two capital letters or digits: no rule can name it
SELECT DISTINCT m.modifier
FROM (
    SELECT unnest(ARRAY[t.modifier_1, t.modifier_2, t.modifier_3, t.modifier_4]) AS modifier
    FROM practice.service_type t
    WHERE t.organization_id = %(organization_id)s
    UNION ALL
    SELECT unnest(ARRAY[l.modifier_1, l.modifier_2, l.modifier_3, l.modifier_4])
    FROM billing.claim c
    JOIN billing.invoice_line l USING (invoice_id)
    WHERE c.organization_id = %(organization_id)s AND c.claim_status = 'awaiting_submission'
) m
WHERE m.modifier ~ '^[0-9A-Z]{2}$' AND strpos(m.modifier, upper(%(text)s)) > 0
ORDER BY m.modifier
LIMIT %(row_limit)s
