-- read_item: one appointment, invoice or claim of an organization, wherever it is on its way.
-- Called by: item.read_facts
-- Parameters: organization_id bigint, automation text, item_id bigint
-- Returns: at most one row: number text, client_id bigint, service_on date (local), amount numeric (dollars; NULL: not
--   priced yet), status text (of the appointment, invoice or claim), version smallint (claims), level text (claims),
--   staff_name text (who treated), appointment_id bigint, invoice_id bigint (the live one of an appointment; NULL: none),
--   claim_ids bigint[] (live ones of the invoice), is_confirmed boolean (invoices: a person confirmed it
--   after the newest change of its appointment)
-- Locks: none
-- Leaves out: what belongs to another organization
SELECT a.appointment_id::text AS number, a.client_id, (a.starts_at AT TIME ZONE o.timezone)::date AS service_on,
    v.total_amount AS amount,
    CASE WHEN NOT a.is_billable THEN 'not billable' ELSE a.appointment_status END AS status,
    NULL::smallint AS version, NULL::text AS level, concat_ws(' ', s.first_name, s.last_name) AS staff_name,
    a.appointment_id, v.invoice_id, k.claim_ids, false AS is_confirmed
FROM practice.appointment a
JOIN practice.organization o USING (organization_id)
LEFT JOIN practice.staff s ON s.staff_id = a.staff_id
LEFT JOIN billing.invoice v ON v.appointment_id = a.appointment_id AND v.invoice_status <> 'void'
CROSS JOIN LATERAL (
    SELECT array_agg(c.claim_id ORDER BY c.claim_id) AS claim_ids
    FROM billing.claim c
    WHERE c.invoice_id = v.invoice_id AND c.claim_status <> 'void'
) k
WHERE %(automation)s = 'invoice_creation' AND a.appointment_id = %(item_id)s AND a.organization_id = %(organization_id)s
UNION ALL
SELECT v.invoice_id::text, v.client_id, v.service_on, v.total_amount, v.invoice_status, NULL, NULL,
    concat_ws(' ', s.first_name, s.last_name), v.appointment_id, v.invoice_id, k.claim_ids,
    coalesce(a.updated_at <= v.confirmed_at, false)
FROM billing.invoice v
LEFT JOIN practice.staff s ON s.staff_id = v.staff_id
LEFT JOIN practice.appointment a ON a.appointment_id = v.appointment_id
CROSS JOIN LATERAL (
    SELECT array_agg(c.claim_id ORDER BY c.claim_id) AS claim_ids
    FROM billing.claim c
    WHERE c.invoice_id = v.invoice_id AND c.claim_status <> 'void'
) k
WHERE %(automation)s = 'invoice_processing' AND v.invoice_id = %(item_id)s AND v.organization_id = %(organization_id)s
UNION ALL
SELECT c.claim_number, c.client_id, v.service_on, c.total_amount, c.claim_status, c.version, c.level,
    concat_ws(' ', s.first_name, s.last_name), v.appointment_id, v.invoice_id, NULL, false
FROM billing.claim c
JOIN billing.invoice v USING (invoice_id)
LEFT JOIN practice.staff s ON s.staff_id = v.staff_id
WHERE %(automation)s = 'claims_submission' AND c.claim_id = %(item_id)s AND c.organization_id = %(organization_id)s
