-- read_claims: the claims of a preview with what was decided.
-- Called by: tonight._read_items, for Claims Submission
-- Parameters: attempt_id bigint
-- Returns: one row per claim, in no order: item_id, number, service_on, client_id, staff (rendering provider), insurer (of
--   the claim's level on the service date), procedure_codes, amount (dollars), reason, detail_code, rule_id
-- Locks: none
-- Leaves out: nothing
SELECT c.item_id, k.claim_number AS number, i.service_on, k.client_id,
    concat_ws(' ', s.first_name, s.last_name) AS staff, y.name AS insurer, coalesce(p.procedure_codes, '') AS procedure_codes,
    k.total_amount AS amount, c.reason, c.detail_code, c.rule_id
FROM billing.candidate c
JOIN billing.claim k ON k.claim_id = c.item_id
JOIN billing.invoice i ON i.invoice_id = k.invoice_id
JOIN practice.staff s ON s.staff_id = coalesce(c.staff_id, i.staff_id)
LEFT JOIN LATERAL (
    SELECT n.name
    FROM practice.policy q
    JOIN practice.insurer n USING (insurer_id)
    WHERE q.client_id = k.client_id AND q.level = k.level
        AND (q.starts_on IS NULL OR q.starts_on <= i.service_on) AND (q.ends_on IS NULL OR q.ends_on >= i.service_on)
    ORDER BY q.starts_on DESC NULLS LAST, q.policy_id
    LIMIT 1
) y ON true
LEFT JOIN LATERAL (
    SELECT string_agg(l.procedure_code, ' ' ORDER BY l.line_number) AS procedure_codes
    FROM billing.invoice_line l
    WHERE l.invoice_id = k.invoice_id AND l.line_number > 50 * (k.part - 1) AND l.line_number <= 50 * k.part
) p ON true
WHERE c.attempt_id = %(attempt_id)s
