-- price_and_create: prices the undecided appointments, blocks those without a price, makes invoices of the others.
-- Called by: steps.create_invoices
-- Parameters: attempt_id, run_id bigint, timezone text, night date, clock timestamptz, organization_ids bigint[]
-- Returns: one row: invoice_count, blocked_count
-- Locks: the new rows; the caller holds the organizations' work locks
-- Leaves out: appointments that have a live invoice by now (the unique index decides)
-- Rate: the insurer's unless the client pays by self-pay, else the service type's default, in force on the service date.
-- Amount: unit_count x rate_amount, both with at most two decimals by their column types, so nothing is rounded.
WITH rate AS MATERIALIZED (
    SELECT r.service_type_id, r.insurer_id, r.starts_on, r.ends_before, r.rate_amount
    FROM billing.rate_period r
    WHERE r.organization_id = ANY(%(organization_ids)s::bigint[])
),
priced AS MATERIALIZED (
    SELECT c.item_id, c.new_id, s.line_number, s.service_type_id, t.procedure_code,
        CASE WHEN m.is_named THEN s.modifier_1 ELSE t.modifier_1 END AS modifier_1,
        CASE WHEN m.is_named THEN s.modifier_2 ELSE t.modifier_2 END AS modifier_2,
        CASE WHEN m.is_named THEN s.modifier_3 ELSE t.modifier_3 END AS modifier_3,
        CASE WHEN m.is_named THEN s.modifier_4 ELSE t.modifier_4 END AS modifier_4,
        s.unit_count, coalesce(own.rate_amount, usual.rate_amount) AS rate_amount
    FROM billing.candidate c
    JOIN practice.appointment_service s ON s.appointment_id = c.item_id
    JOIN practice.service_type t ON t.service_type_id = s.service_type_id
    CROSS JOIN LATERAL (
        SELECT coalesce(s.modifier_1, s.modifier_2, s.modifier_3, s.modifier_4) IS NOT NULL AS is_named
    ) m
    LEFT JOIN rate own ON own.service_type_id = s.service_type_id
        AND own.insurer_id = c.primary_insurer_id AND c.pays_by IS DISTINCT FROM 'self_pay'
        AND c.service_on >= own.starts_on AND c.service_on < own.ends_before
    LEFT JOIN rate usual ON usual.service_type_id = s.service_type_id AND usual.insurer_id IS NULL
        AND c.service_on >= usual.starts_on AND c.service_on < usual.ends_before
    WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
        AND c.reason IS NULL
),
total AS MATERIALIZED (
    SELECT c.item_id, c.new_id, c.organization_id, c.client_id, c.staff_id, c.location_id, c.service_on,
        p.total_amount, p.last_line_number,
        CASE WHEN p.item_id IS NULL THEN 'no_service'
            WHEN p.has_no_rate THEN 'no_rate'
            WHEN p.has_zero_rate THEN 'zero_rate'
            WHEN p.has_no_units THEN 'no_units' END AS blocked_code
    FROM billing.candidate c
    LEFT JOIN (
        SELECT item_id, sum(unit_count * rate_amount) AS total_amount,
            max(line_number) AS last_line_number,
            bool_or(rate_amount IS NULL) AS has_no_rate,
            bool_or(rate_amount = 0) AS has_zero_rate,
            bool_or(unit_count <= 0) AS has_no_units
        FROM priced
        GROUP BY item_id
    ) p USING (item_id)
    WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[])
        AND c.reason IS NULL
),
blocked AS (
    UPDATE billing.candidate c
    SET reason = 'blocked', detail_code = t.blocked_code
    FROM total t
    WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = t.organization_id AND c.item_id = t.item_id
        AND t.blocked_code IS NOT NULL
    RETURNING c.item_id
),
created AS (
    INSERT INTO billing.invoice (invoice_id, organization_id, appointment_id, client_id, staff_id, location_id,
        service_on, invoice_on, entered_step_on, total_amount, last_line_number, created_run_id, created_by, created_at)
    SELECT t.new_id, t.organization_id, t.item_id, t.client_id, t.staff_id, t.location_id, t.service_on,
        %(night)s, billing.billing_day(%(clock)s, %(timezone)s), t.total_amount, t.last_line_number, %(run_id)s,
        'nightly run', %(clock)s
    FROM total t
    WHERE t.blocked_code IS NULL
    ON CONFLICT (appointment_id) WHERE invoice_status <> 'void' DO NOTHING
    RETURNING invoice_id
),
lines AS (
    INSERT INTO billing.invoice_line (invoice_id, line_number, service_type_id, procedure_code, modifier_1, modifier_2,
        modifier_3, modifier_4, unit_count, rate_amount, charge_amount)
    SELECT p.new_id, p.line_number, p.service_type_id, p.procedure_code, p.modifier_1, p.modifier_2, p.modifier_3,
        p.modifier_4, p.unit_count, p.rate_amount, p.unit_count * p.rate_amount
    FROM priced p
    JOIN created i ON i.invoice_id = p.new_id
)
SELECT (SELECT count(*) FROM created) AS invoice_count, (SELECT count(*) FROM blocked) AS blocked_count
