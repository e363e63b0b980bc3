-- close_items_of_gated: ends the decisions on single items of organizations that do not take part tonight; one row
-- per organization stands for them.
-- Called by: attempt.open_attempt
-- Parameters: attempt_id bigint, automation text, night date
-- Returns: nothing
-- Locks: the changed decisions
-- Leaves out: decisions that a later night opened
UPDATE billing.decision d
SET closed_on = %(night)s
FROM billing.run_organization ro
WHERE ro.attempt_id = %(attempt_id)s AND ro.gate <> 'ready'
    AND d.automation = %(automation)s AND d.organization_id = ro.organization_id
    AND d.item_id IS NOT NULL AND d.closed_on IS NULL AND d.opened_on <= %(night)s
