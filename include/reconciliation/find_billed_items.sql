-- find_billed_items: what would be billed again because a claim in a file that left is not known here: its claim under
--   another number, its invoice, or its appointment.
-- Called by: adoption.match_claims
-- Parameters: npis text[] (of the billing provider), levels text[], service_days date[], member_ids, last_names text[],
--   birth_days date[] (of equal length, one per unknown claim)
-- Returns: one row per unknown claim and item: position (from 1), organization_id, automation, item_id; the last two
--   absent: found, and nothing of it waits to be billed
-- Locks: none
-- Leaves out: unknown claims of which no appointment is found; appointments that were not kept
WITH unknown AS (
    SELECT x.npi, x.level, x.service_on, regexp_replace(x.member_id, '\s', '', 'g') AS member_id, x.last_name, x.birth_on,
        x.position
    FROM unnest(%(npis)s::text[], %(levels)s::text[], %(service_days)s::date[], %(member_ids)s::text[],
        %(last_names)s::text[], %(birth_days)s::date[]) WITH ORDINALITY
        AS x (npi, level, service_on, member_id, last_name, birth_on, position)
), who AS (
    SELECT x.position, c.client_id
    FROM unknown x
    JOIN practice.billing_provider b ON b.npi = x.npi
    JOIN practice.client c ON c.organization_id = b.organization_id AND c.birth_on = x.birth_on
        AND upper(c.last_name) = x.last_name
    UNION
    SELECT x.position, c.client_id
    FROM unknown x
    JOIN practice.billing_provider b ON b.npi = x.npi
    JOIN practice.policy p ON p.organization_id = b.organization_id
        AND upper(regexp_replace(p.member_id, '\s', '', 'g')) = x.member_id
    -- One member id may insure a family.
    JOIN practice.client c ON c.client_id = p.client_id AND coalesce(c.birth_on = x.birth_on, true)
)
SELECT DISTINCT x.position, a.organization_id, w.automation, w.item_id
FROM unknown x
JOIN who USING (position)
JOIN practice.appointment a ON a.client_id = who.client_id AND a.appointment_status = 'kept'
JOIN practice.organization o ON o.organization_id = a.organization_id
    AND (a.starts_at AT TIME ZONE o.timezone)::date = x.service_on
LEFT JOIN billing.invoice i ON i.appointment_id = a.appointment_id AND i.invoice_status <> 'void'
LEFT JOIN billing.claim k ON k.invoice_id = i.invoice_id AND k.level = x.level AND k.claim_status <> 'void'
CROSS JOIN LATERAL (
    SELECT CASE WHEN i.invoice_id IS NULL THEN 'invoice_creation'
        WHEN k.claim_id IS NULL AND x.level = 'primary' THEN 'invoice_processing'
        WHEN k.claim_status = 'awaiting_submission' THEN 'claims_submission' END AS automation
) step
CROSS JOIN LATERAL (
    SELECT step.automation, CASE step.automation WHEN 'invoice_creation' THEN a.appointment_id
        WHEN 'invoice_processing' THEN i.invoice_id WHEN 'claims_submission' THEN k.claim_id END AS item_id
) w
ORDER BY x.position, a.organization_id, w.automation, w.item_id
