-- select_claims: freezes the claims in Awaiting Submission, with what rules may ask and whether they may move.
-- Called by: steps.select_claims
-- Parameters: attempt_id bigint, automation text, night date, organization_ids bigint[]
-- Returns: nothing; writes billing.candidate, one row per claim; reason before_start, on_hold (by a person, or because
--   all sending is stopped), review_day, step_failed (its file is built and not delivered yet), else none
-- Locks: none
-- Leaves out: claims that came after the run's clock
INSERT INTO billing.candidate (attempt_id, organization_id, item_id, reason, detail_code, client_id, staff_id,
    location_id, billing_provider_id, service_on, invoice_on, primary_insurer_id, secondary_insurer_id, level,
    place_of_service_code, receiver_code)
SELECT ro.attempt_id, c.organization_id, c.claim_id,
    CASE WHEN u.claim_id IS NOT NULL AND d.is_allowed THEN 'step_failed'
        WHEN c.entered_step_on < ro.start_on THEN 'before_start'
        WHEN h.item_id IS NOT NULL OR NOT d.is_allowed THEN 'on_hold'
        WHEN c.entered_step_on >= %(night)s AND r.item_id IS NULL THEN 'review_day' END,
    CASE WHEN u.claim_id IS NOT NULL AND d.is_allowed
            THEN CASE x.interchange_state WHEN 'unknown' THEN 'outcome_unknown' ELSE 'undelivered' END
        WHEN c.entered_step_on < ro.start_on THEN NULL
        WHEN h.item_id IS NULL AND NOT d.is_allowed THEN d.stop_code END,
    c.client_id, CASE WHEN s.is_billed_under_supervisor THEN s.supervisor_id ELSE i.staff_id END, i.location_id,
    coalesce(mine.billing_provider_id, usual.billing_provider_id), i.service_on, i.invoice_on,
    p.primary_insurer_id, p.secondary_insurer_id, c.level, coalesce(a.place_of_service_code, l.place_of_service_code),
    coalesce((
        SELECT t.receiver_code
        FROM billing.receiver_route t
        WHERE (t.organization_id IS NULL OR t.organization_id = c.organization_id)
            AND (t.payer_code IS NULL OR t.payer_code = mine.payer_code)
        ORDER BY t.organization_id IS NULL, t.payer_code IS NULL
        LIMIT 1
    ), 'default')
FROM billing.run_organization ro
CROSS JOIN billing.sending d
JOIN billing.claim_in_step c ON c.organization_id = ro.organization_id AND c.entered_step_at <= (SELECT billing.clock())
JOIN billing.invoice i ON i.invoice_id = c.invoice_id
JOIN practice.appointment a ON a.appointment_id = i.appointment_id
JOIN practice.staff s ON s.staff_id = i.staff_id
JOIN practice.location l ON l.location_id = i.location_id
LEFT JOIN billing.claim_submission u ON u.claim_id = c.claim_id AND u.version = c.version
LEFT JOIN billing.interchange x ON x.interchange_id = u.interchange_id
LEFT JOIN billing.hold h ON h.automation = %(automation)s AND h.item_id = c.claim_id AND h.lifted_at IS NULL
    AND (h.hold_until IS NULL OR h.hold_until > %(night)s)
LEFT JOIN billing.release r ON r.automation = %(automation)s AND r.item_id = c.claim_id AND r.withdrawn_at IS NULL
LEFT JOIN LATERAL (
    SELECT
        (array_agg(y.insurer_id ORDER BY y.starts_on DESC NULLS LAST, y.policy_id)
            FILTER (WHERE y.level = 'primary'))[1] AS primary_insurer_id,
        (array_agg(y.insurer_id ORDER BY y.starts_on DESC NULLS LAST, y.policy_id)
            FILTER (WHERE y.level = 'secondary'))[1] AS secondary_insurer_id,
        (array_agg(y.insurer_id ORDER BY y.starts_on DESC NULLS LAST, y.policy_id)
            FILTER (WHERE y.level = c.level))[1] AS insurer_id
    FROM practice.policy y
    WHERE y.client_id = c.client_id
        AND (y.starts_on IS NULL OR y.starts_on <= i.service_on) AND (y.ends_on IS NULL OR y.ends_on >= i.service_on)
) p ON true
LEFT JOIN practice.insurer mine ON mine.insurer_id = p.insurer_id
LEFT JOIN practice.billing_provider usual ON usual.organization_id = c.organization_id AND usual.is_default
WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = ANY(%(organization_ids)s::bigint[])
