-- read_queue: the items of one organization that stay, each with the one reason as it stands now.
-- Called by: queue.read_queue, queue.read_queue_item
-- Parameters: organization_id bigint, now timestamptz, automation text (NULL: all), item_id bigint (NULL: all, else
--   whatever its reason), reason text (NULL: all but plan and off), minimum_age integer (nights), ready_automations
--   text[], ready_ids bigint[] (of equal length; NULL: not asked), night_automations text[], nights date[] (of equal
--   length: of each automation the night of its next run), row_limit integer, row_offset bigint
-- Returns: one row per item of the asked page, oldest first, and one row without an item when there is none: counts jsonb
--   (reason -> items, whatever reason is asked), automation, item_id, number text, client_id bigint, service_on date,
--   amount numeric (dollars; NULL: not priced yet), reason, detail_code text, rule_id bigint, since date (local),
--   age integer (nights), hold_until date, hold_reason text, is_released boolean, ignores_rules boolean,
--   entered_step_on date, interchange_id bigint (the file it is in; NULL: none)
-- Locks: none
-- Leaves out: appointments after today, and claims with the receiver or insurer that wait for an answer
WITH place AS (
    SELECT o.organization_id, o.timezone, (%(now)s::timestamptz AT TIME ZONE o.timezone)::date AS today
    FROM practice.organization o
    WHERE o.organization_id = %(organization_id)s
), claim AS (
    -- Two arms, so that each has its index.
    SELECT c.* FROM billing.claim c
    WHERE c.claim_status = 'awaiting_submission' AND c.organization_id = %(organization_id)s
    UNION ALL
    SELECT c.* FROM billing.claim c
    WHERE c.claim_status = 'rejected' AND c.organization_id = %(organization_id)s
), item AS (
    SELECT 'invoice_creation' AS automation, a.item_id, a.item_id::text AS number, a.client_id,
        (a.starts_at AT TIME ZONE p.timezone)::date AS service_on,
        (a.starts_at AT TIME ZONE p.timezone)::date AS starts_from, NULL::date AS entered_step_on,
        NULL::numeric AS amount, NULL::text AS known_reason, NULL::text AS known_detail, NULL::date AS known_since,
        false AS is_confirmed, NULL::bigint AS interchange_id
    FROM place p
    JOIN billing.appointment_in_step a ON a.organization_id = %(organization_id)s
    WHERE a.starts_at < (p.today + 1)::timestamp AT TIME ZONE p.timezone
        AND (%(item_id)s::bigint IS NULL OR a.item_id = %(item_id)s)
    UNION ALL
    SELECT 'invoice_processing', i.item_id, i.item_id::text, i.client_id, i.service_on, i.invoice_on, i.entered_step_on,
        i.total_amount, NULL, NULL, NULL, coalesce(a.updated_at <= i.confirmed_at, false), NULL
    FROM place p
    JOIN billing.invoice_in_step i ON i.organization_id = %(organization_id)s
    LEFT JOIN practice.appointment a ON a.appointment_id = i.appointment_id
    WHERE %(item_id)s::bigint IS NULL OR i.item_id = %(item_id)s
    UNION ALL
    SELECT 'claims_submission', c.claim_id, c.claim_number, c.client_id, i.service_on, c.entered_step_on,
        c.entered_step_on, c.total_amount,
        CASE WHEN c.claim_status = 'rejected' THEN 'rejected'
            WHEN x.interchange_state = 'unknown' THEN 'outcome_unknown'
            WHEN u.claim_id IS NOT NULL AND s.is_allowed THEN 'step_failed' END,
        CASE WHEN c.claim_status <> 'rejected' AND x.interchange_state <> 'unknown' AND s.is_allowed
            THEN 'undelivered' END,
        CASE WHEN c.claim_status = 'rejected' THEN coalesce(
                (
                    SELECT min(r.received_on)
                    FROM billing.claim_rejection r
                    WHERE r.claim_id = c.claim_id AND r.version = c.version
                ),
                (c.submitted_at AT TIME ZONE p.timezone)::date)
            ELSE (coalesce(x.unknown_since, x.built_at) AT TIME ZONE p.timezone)::date END,
        false, x.interchange_id
    FROM place p
    CROSS JOIN billing.sending s
    CROSS JOIN claim c
    JOIN billing.invoice i USING (invoice_id)
    LEFT JOIN billing.claim_submission u ON u.claim_id = c.claim_id AND u.version = c.version
    LEFT JOIN billing.interchange x ON x.interchange_id = u.interchange_id
    WHERE %(item_id)s::bigint IS NULL OR c.claim_id = %(item_id)s
), reasoned AS (
    SELECT i.*, p.today, h.hold_until, h.reason AS hold_reason, r.release_id IS NOT NULL AS is_released,
        coalesce(r.ignores_rules, false) AS ignores_rules, d.reason AS decided_reason, d.opened_on,
        (h.held_at AT TIME ZONE p.timezone)::date AS held_on,
        -- In the order of a run, with what a person or the data have changed since it decided.
        CASE WHEN i.known_reason IS NOT NULL THEN i.known_reason
            WHEN NOT g.is_in_plan THEN 'plan'
            WHEN NOT g.is_enabled THEN 'off'
            WHEN g.paused_until > t.night THEN 'paused'
            WHEN i.starts_from < g.start_on THEN 'before_start'
            WHEN h.hold_id IS NOT NULL OR (i.automation = 'claims_submission' AND NOT s.is_allowed) THEN 'on_hold'
            WHEN r.release_id IS NULL AND (i.entered_step_on >= p.today OR d.reason = 'review_day') THEN 'review_day'
            WHEN d.reason IS NULL OR d.reason IN ('before_start', 'on_hold', 'review_day') THEN 'waiting'
            WHEN d.reason = 'excluded' AND r.ignores_rules THEN 'waiting'
            WHEN d.reason = 'blocked' AND i.is_confirmed AND d.detail_code LIKE 'appointment%%' THEN 'waiting'
            WHEN d.reason = 'scrub_error' AND NOT EXISTS (
                SELECT FROM billing.finding f
                WHERE f.claim_id = i.item_id AND f.resolved_on IS NULL AND f.severity = 'error' AND f.override_id IS NULL
            ) THEN 'waiting'
            WHEN d.reason = 'step_failed' AND d.detail_code IN ('outcome_unknown', 'undelivered') THEN 'waiting'
            ELSE d.reason END AS reason,
        CASE WHEN i.known_reason IS NULL AND h.hold_id IS NULL AND i.automation = 'claims_submission' THEN s.stop_code END
            AS stop_code,
        d.detail_code AS decided_detail, d.rule_id AS decided_rule_id
    FROM item i
    CROSS JOIN place p
    CROSS JOIN billing.sending s
    JOIN billing.gate g ON g.organization_id = p.organization_id AND g.automation = i.automation
    LEFT JOIN unnest(%(night_automations)s::text[], %(nights)s::date[]) AS t (automation, night)
        ON t.automation = i.automation
    LEFT JOIN billing.decision d ON d.automation = i.automation AND d.item_id = i.item_id AND d.closed_on IS NULL
    LEFT JOIN billing.hold h ON h.automation = i.automation AND h.item_id = i.item_id AND h.lifted_at IS NULL
        AND (h.hold_until IS NULL OR h.hold_until > p.today)
    LEFT JOIN billing.release r ON r.automation = i.automation AND r.item_id = i.item_id AND r.withdrawn_at IS NULL
    WHERE %(automation)s::text IS NULL OR i.automation = %(automation)s
), dated AS (
    SELECT q.*,
        coalesce(
            q.known_since,
            CASE WHEN q.decided_reason = q.reason THEN q.opened_on END,
            CASE WHEN q.reason = 'on_hold' THEN q.held_on END,
            q.entered_step_on, q.service_on
        ) AS since
    FROM reasoned q
), queue AS MATERIALIZED (
    SELECT q.automation, q.item_id, q.number, q.client_id, q.service_on, q.amount, q.reason,
        CASE WHEN q.known_reason IS NOT NULL THEN q.known_detail
            WHEN q.reason = 'on_hold' THEN q.stop_code
            WHEN q.reason = q.decided_reason THEN q.decided_detail END AS detail_code,
        CASE WHEN q.reason = 'excluded' THEN q.decided_rule_id END AS rule_id,
        q.since, greatest(q.today - q.since, 0) AS age,
        q.hold_until, q.hold_reason, q.is_released, q.ignores_rules, q.entered_step_on, q.interchange_id
    FROM dated q
    WHERE greatest(q.today - q.since, 0) >= %(minimum_age)s::integer
        AND (%(ready_ids)s::bigint[] IS NULL OR (q.automation, q.item_id) IN (
            SELECT t.automation, t.item_id
            FROM unnest(%(ready_automations)s::text[], %(ready_ids)s::bigint[]) AS t (automation, item_id)
        ))
), counted AS (
    SELECT coalesce(jsonb_object_agg(n.reason, n.items), '{}') AS counts
    FROM (SELECT q.reason, count(*) AS items FROM queue q GROUP BY q.reason) n
), shown AS (
    SELECT q.*
    FROM queue q
    WHERE %(item_id)s::bigint IS NOT NULL
        OR CASE WHEN %(reason)s::text IS NULL THEN q.reason NOT IN ('plan', 'off') ELSE q.reason = %(reason)s END
    ORDER BY q.since, q.automation, q.item_id
    LIMIT %(row_limit)s OFFSET %(row_offset)s
)
SELECT c.counts, s.*
FROM counted c
LEFT JOIN shown s ON true
ORDER BY s.since, s.automation, s.item_id
