-- floor_creation: appointments known beforehand become priced invoices with lines, in one INSERT … SELECT.
-- Called by: sides.floor_creation
-- Parameters: timezone text, night date, clock timestamptz
-- Returns: nothing; one row per line
-- Locks: the new rows
-- Leaves out: benchmark.left_out, all of it: what a run left, whatever the reason; so nothing is decided here
WITH appointment AS MATERIALIZED (
    SELECT nextval('billing.invoice_invoice_id_seq') AS invoice_id, a.appointment_id, a.organization_id, a.client_id,
        a.staff_id, a.location_id, (a.starts_at AT TIME ZONE %(timezone)s)::date AS service_on
    FROM practice.appointment a
    WHERE a.appointment_status = 'kept' AND a.is_billable
        AND a.starts_at < (%(night)s::date + 1)::timestamp AT TIME ZONE %(timezone)s
        AND NOT EXISTS (SELECT FROM benchmark.left_out o WHERE o.item_id = a.appointment_id)
),
payer AS MATERIALIZED (
    -- Who pays by insurance is charged the primary insurer's rate.
    SELECT a.invoice_id, a.appointment_id, a.service_on,
        CASE WHEN coalesce(cp.pays_by, 'insurance') = 'insurance' THEN p.insurer_id END AS insurer_id
    FROM appointment a
    LEFT JOIN LATERAL (
        SELECT y.insurer_id
        FROM practice.policy y
        WHERE y.client_id = a.client_id AND y.level = 'primary'
            AND (y.starts_on IS NULL OR y.starts_on <= a.service_on)
            AND (y.ends_on IS NULL OR y.ends_on >= a.service_on)
        ORDER BY y.starts_on DESC NULLS LAST, y.policy_id
        LIMIT 1
    ) p ON true
    LEFT JOIN LATERAL (
        SELECT c.pays_by
        FROM practice.client_payment c
        WHERE c.client_id = a.client_id AND c.starts_on <= a.service_on
        ORDER BY c.starts_on DESC
        LIMIT 1
    ) cp ON true
),
rate AS MATERIALIZED (
    SELECT r.service_type_id, r.insurer_id, r.starts_on, r.ends_before, r.rate_amount
    FROM billing.rate_period r
),
line AS MATERIALIZED (
    SELECT a.invoice_id, s.line_number, s.service_type_id, t.procedure_code,
        CASE WHEN m.is_named THEN s.modifier_1 ELSE t.modifier_1 END AS modifier_1,
        CASE WHEN m.is_named THEN s.modifier_2 ELSE t.modifier_2 END AS modifier_2,
        CASE WHEN m.is_named THEN s.modifier_3 ELSE t.modifier_3 END AS modifier_3,
        CASE WHEN m.is_named THEN s.modifier_4 ELSE t.modifier_4 END AS modifier_4,
        s.unit_count, coalesce(own.rate_amount, usual.rate_amount) AS rate_amount
    FROM payer a
    JOIN practice.appointment_service s ON s.appointment_id = a.appointment_id
    JOIN practice.service_type t ON t.service_type_id = s.service_type_id
    CROSS JOIN LATERAL (
        SELECT coalesce(s.modifier_1, s.modifier_2, s.modifier_3, s.modifier_4) IS NOT NULL AS is_named
    ) m
    LEFT JOIN rate own ON own.service_type_id = s.service_type_id AND own.insurer_id = a.insurer_id
        AND a.service_on >= own.starts_on AND a.service_on < own.ends_before
    LEFT JOIN rate usual ON usual.service_type_id = s.service_type_id AND usual.insurer_id IS NULL
        AND a.service_on >= usual.starts_on AND a.service_on < usual.ends_before
),
created AS (
    INSERT INTO billing.invoice (invoice_id, organization_id, appointment_id, client_id, staff_id, location_id,
        service_on, invoice_on, entered_step_on, total_amount, created_run_id, created_by, created_at)
    SELECT a.invoice_id, a.organization_id, a.appointment_id, a.client_id, a.staff_id, a.location_id, a.service_on,
        %(night)s, billing.billing_day(%(clock)s, %(timezone)s), l.total_amount, 1, 'nightly run', %(clock)s
    FROM appointment a
    JOIN (
        SELECT invoice_id, sum(unit_count * rate_amount) AS total_amount
        FROM line
        GROUP BY invoice_id
    ) l USING (invoice_id)
)
INSERT INTO billing.invoice_line (invoice_id, line_number, service_type_id, procedure_code, modifier_1, modifier_2,
    modifier_3, modifier_4, unit_count, rate_amount, charge_amount)
SELECT l.invoice_id, l.line_number, l.service_type_id, l.procedure_code, l.modifier_1, l.modifier_2, l.modifier_3,
    l.modifier_4, l.unit_count, l.rate_amount, l.unit_count * l.rate_amount
FROM line l
