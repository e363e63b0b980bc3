-- select_appointments: freezes the appointments in the step, with what prices them and what rules may ask.
-- Called by: steps.select_appointments
-- Parameters: attempt_id bigint, automation, timezone text, night date, organization_ids bigint[]
-- Returns: nothing; writes billing.candidate, one row per appointment; reason before_start or on_hold, else none
-- Locks: none
-- Leaves out: appointments that start after the night, and what billing.appointment_in_step leaves out
INSERT INTO billing.candidate (attempt_id, organization_id, item_id, new_id, reason, client_id, staff_id, location_id,
    service_on, primary_insurer_id, pays_by)
SELECT ro.attempt_id, a.organization_id, a.appointment_id, nextval('billing.invoice_invoice_id_seq'),
    CASE WHEN a.service_on < ro.start_on THEN 'before_start' WHEN h.item_id IS NOT NULL THEN 'on_hold' END,
    a.client_id, a.staff_id, a.location_id, a.service_on, p.insurer_id, cp.pays_by
FROM billing.run_organization ro
JOIN LATERAL (
    SELECT s.*, (s.starts_at AT TIME ZONE %(timezone)s)::date AS service_on
    FROM billing.appointment_in_step s
    WHERE s.organization_id = ro.organization_id
        AND s.starts_at < (%(night)s::date + 1)::timestamp AT TIME ZONE %(timezone)s
    -- Keeps service_on from being worked out anew at every place that names it: the zone's rules are dear.
    OFFSET 0
) a ON true
LEFT JOIN billing.hold h ON h.automation = %(automation)s AND h.item_id = a.appointment_id AND h.lifted_at IS NULL
    AND (h.hold_until IS NULL OR h.hold_until > %(night)s)
LEFT JOIN LATERAL (
    SELECT y.insurer_id
    FROM practice.policy y
    WHERE y.client_id = a.client_id AND y.level = 'primary'
        AND (y.starts_on IS NULL OR y.starts_on <= a.service_on) AND (y.ends_on IS NULL OR y.ends_on >= a.service_on)
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
WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = ANY(%(organization_ids)s::bigint[])
