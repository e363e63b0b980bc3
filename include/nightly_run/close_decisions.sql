-- close_decisions: ends the decisions on items that advanced, left the step, or stay for another reason now.
-- Called by: decisions.record_decisions
-- Parameters: attempt_id bigint, automation text, night date, organization_ids bigint[], leaves_undecided boolean
-- Returns: nothing
-- Locks: the changed decisions
-- Leaves out: decisions a later night opened, unless the item advanced; with leaves_undecided those on candidates without
--   a reason, which a later step of the attempt decides on
UPDATE billing.decision d
SET closed_on = greatest(d.opened_on, %(night)s)
WHERE d.automation = %(automation)s AND d.organization_id = ANY(%(organization_ids)s::bigint[])
    AND d.item_id IS NOT NULL
    AND CASE
        -- It stands: it ends when the item is not a candidate any more, or stays for another reason.
        WHEN d.closed_on IS NULL AND d.opened_on <= %(night)s THEN NOT EXISTS (
            SELECT FROM billing.candidate c
            WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = d.organization_id AND c.item_id = d.item_id
                AND c.reason = d.reason AND c.detail_code IS NOT DISTINCT FROM d.detail_code
                AND c.rule_id IS NOT DISTINCT FROM d.rule_id
        )
        -- A later night opened it: it ends only when this older night moved the item on.
        WHEN d.closed_on IS NULL THEN EXISTS (
            SELECT FROM billing.candidate c
            WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = d.organization_id AND c.item_id = d.item_id
                AND c.reason IS NULL
        )
        -- It is over since a later night: this older night knows better only if it decided otherwise.
        WHEN d.opened_on <= %(night)s AND d.closed_on > %(night)s THEN EXISTS (
            SELECT FROM billing.candidate c
            WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = d.organization_id AND c.item_id = d.item_id
                AND (c.reason, c.detail_code, c.rule_id) IS DISTINCT FROM (d.reason, d.detail_code, d.rule_id)
        )
        ELSE false
    END
    AND NOT (
        %(leaves_undecided)s AND EXISTS (
            SELECT FROM billing.candidate c
            WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = d.organization_id AND c.item_id = d.item_id
                AND c.reason IS NULL
        )
    )
