-- leave_items: freezes the items of organizations whose selection could not be computed, all with one reason.
-- Called by: organizations.leave_organization
-- Parameters: attempt_id bigint, automation text, timezone text, night date, organization_ids bigint[], reason text,
--   detail_code text
-- Returns: nothing; writes billing.candidate, one row per item in the step
-- Locks: none
-- Leaves out: items that are frozen already
INSERT INTO billing.candidate (attempt_id, organization_id, item_id, reason, detail_code)
SELECT %(attempt_id)s, i.organization_id, i.item_id, %(reason)s, %(detail_code)s
FROM billing.item_in_step i
WHERE i.automation = %(automation)s AND i.organization_id = ANY(%(organization_ids)s::bigint[])
    AND CASE WHEN %(automation)s = 'invoice_creation'
        THEN i.waits_from < (%(night)s::date + 1)::timestamp AT TIME ZONE %(timezone)s
        ELSE i.waits_from <= (SELECT billing.clock()) END
    AND NOT EXISTS (
        SELECT FROM billing.candidate c
        WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = i.organization_id AND c.item_id = i.item_id
    )
