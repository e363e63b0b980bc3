-- select_invoices: freezes the open invoices without a claim, with what rules may ask and whether they may move.
-- Called by: steps.select_invoices
-- Parameters: attempt_id bigint, automation, timezone text, night date, organization_ids bigint[]
-- Returns: nothing; writes billing.candidate, one row per invoice; reason before_start, on_hold, review_day, else none;
--   blocked_code is the first that applies of appointment_cancelled, appointment_moved, appointment_rerated (its
--   appointment changed since, and nobody confirmed the invoice), no_policy (no primary policy at all),
--   no_active_coverage (none on the service date)
-- Locks: none
-- Leaves out: invoices made after the run's clock, and what billing.invoice_in_step leaves out
INSERT INTO billing.candidate (attempt_id, organization_id, item_id, new_id, reason, blocked_code, client_id, staff_id,
    location_id, service_on, invoice_on, primary_insurer_id, level, pays_by, total_amount,
    last_line_number)
SELECT ro.attempt_id, i.organization_id, i.invoice_id, nextval('billing.claim_claim_id_seq'),
    CASE WHEN i.invoice_on < ro.start_on THEN 'before_start'
        WHEN h.item_id IS NOT NULL THEN 'on_hold'
        WHEN i.entered_step_on >= %(night)s AND r.item_id IS NULL THEN 'review_day' END,
    CASE
        WHEN t.is_unconfirmed AND NOT (a.appointment_status = 'kept' AND a.is_billable) THEN 'appointment_cancelled'
        WHEN t.is_unconfirmed AND (a.starts_at AT TIME ZONE %(timezone)s)::date <> i.service_on THEN 'appointment_moved'
        -- Lines are compared only where something was written since: that is the dear part.
        WHEN t.is_touched AND (
            SELECT array_agg((s.line_number, s.service_type_id, s.unit_count, CASE
                WHEN coalesce(s.modifier_1, s.modifier_2, s.modifier_3, s.modifier_4) IS NOT NULL
                THEN ARRAY[s.modifier_1, s.modifier_2, s.modifier_3, s.modifier_4]
                ELSE ARRAY[t.modifier_1, t.modifier_2, t.modifier_3, t.modifier_4] END) ORDER BY s.line_number)
            FROM practice.appointment_service s
            JOIN practice.service_type t USING (service_type_id)
            WHERE s.appointment_id = i.appointment_id
        ) IS DISTINCT FROM (
            SELECT array_agg((l.line_number, l.service_type_id, l.unit_count,
                ARRAY[l.modifier_1, l.modifier_2, l.modifier_3, l.modifier_4]) ORDER BY l.line_number)
            FROM billing.invoice_line l
            WHERE l.invoice_id = i.invoice_id
        ) THEN 'appointment_rerated'
        WHEN p.insurer_id IS NULL AND NOT EXISTS (
            SELECT FROM practice.policy y WHERE y.client_id = i.client_id AND y.level = 'primary'
        ) THEN 'no_policy'
        WHEN p.insurer_id IS NULL THEN 'no_active_coverage'
    END,
    i.client_id, CASE WHEN s.is_billed_under_supervisor THEN s.supervisor_id ELSE i.staff_id END, i.location_id,
    i.service_on, i.invoice_on, p.insurer_id, 'primary', cp.pays_by, i.total_amount,
    i.last_line_number
FROM billing.run_organization ro
JOIN billing.invoice_in_step i ON i.organization_id = ro.organization_id AND i.created_at <= (SELECT billing.clock())
JOIN practice.staff s ON s.staff_id = i.staff_id
JOIN practice.appointment a ON a.appointment_id = i.appointment_id
CROSS JOIN LATERAL (
    SELECT a.updated_at > coalesce(i.confirmed_at, i.created_at) AS is_touched,
        i.confirmed_at IS NULL OR a.updated_at > i.confirmed_at AS is_unconfirmed
) t
LEFT JOIN billing.hold h ON h.automation = %(automation)s AND h.item_id = i.invoice_id AND h.lifted_at IS NULL
    AND (h.hold_until IS NULL OR h.hold_until > %(night)s)
LEFT JOIN billing.release r ON r.automation = %(automation)s AND r.item_id = i.invoice_id AND r.withdrawn_at IS NULL
LEFT JOIN LATERAL (
    SELECT y.insurer_id
    FROM practice.policy y
    WHERE y.client_id = i.client_id AND y.level = 'primary'
        AND (y.starts_on IS NULL OR y.starts_on <= i.service_on) AND (y.ends_on IS NULL OR y.ends_on >= i.service_on)
    ORDER BY y.starts_on DESC NULLS LAST, y.policy_id
    LIMIT 1
) p ON true
LEFT JOIN LATERAL (
    SELECT c.pays_by
    FROM practice.client_payment c
    WHERE c.client_id = i.client_id AND c.starts_on <= i.service_on
    ORDER BY c.starts_on DESC
    LIMIT 1
) cp ON true
WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = ANY(%(organization_ids)s::bigint[])
