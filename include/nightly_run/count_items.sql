-- count_items: freezes which organizations of the bucket take part, which do not and why, with their items in the step.
-- Called by: attempt.open_attempt, tonight.preview_tonight
-- Parameters: attempt_id bigint, automation text, timezone text, night date, only_organization_id bigint (NULL: all of
--   the bucket)
-- Returns: nothing; writes billing.run_organization, one row per organization
-- Locks: none
-- Leaves out: organizations that do not take part and have neither items nor standing decisions, unless asked for by id;
--   on a second call all
WITH items AS (
    SELECT i.organization_id, count(*) AS item_count
    FROM billing.item_in_step i
    JOIN practice.organization o USING (organization_id)
    WHERE o.timezone = %(timezone)s
        AND i.automation = %(automation)s
        AND (%(only_organization_id)s::bigint IS NULL OR i.organization_id = %(only_organization_id)s::bigint)
        -- An appointment counts from its night on; what a run or a person made counts once it is there.
        AND CASE WHEN %(automation)s = 'invoice_creation'
            THEN i.waits_from < (%(night)s::date + 1)::timestamp AT TIME ZONE %(timezone)s
            ELSE i.waits_from <= (SELECT billing.clock()) END
    GROUP BY i.organization_id
),
gates AS (
    SELECT g.organization_id,
        CASE WHEN NOT g.is_in_plan THEN 'plan'
            WHEN NOT g.is_enabled THEN 'off'
            WHEN g.paused_until > %(night)s THEN 'paused'
            ELSE 'ready' END AS gate,
        g.start_on
    FROM billing.gate g
    WHERE g.timezone = %(timezone)s AND g.automation = %(automation)s
        AND (%(only_organization_id)s::bigint IS NULL OR g.organization_id = %(only_organization_id)s::bigint)
)
INSERT INTO billing.run_organization (attempt_id, organization_id, batch_number, gate, start_on, item_count)
SELECT %(attempt_id)s, g.organization_id, CASE WHEN g.gate = 'ready' THEN 1 END, g.gate, g.start_on,
    coalesce(i.item_count, 0)
FROM gates g
LEFT JOIN items i USING (organization_id)
WHERE g.gate = 'ready'
    OR %(only_organization_id)s::bigint IS NOT NULL
    OR i.item_count > 0
    OR EXISTS (
        SELECT FROM billing.decision d
        WHERE d.automation = %(automation)s AND d.organization_id = g.organization_id AND d.closed_on IS NULL
    )
ON CONFLICT (attempt_id, organization_id) DO NOTHING
