-- hold_items: holds items that a file which left may have billed already.
-- Called by: adoption.hold_items
-- Parameters: automations text[], item_ids bigint[] (of equal length), reason text
-- Returns: one row: how many were put on hold now
-- Locks: the holds
-- Leaves out: items that are on hold without an end; claims that are in a file
SELECT count(billing.hold_item(w.automation, w.item_id, %(reason)s))
FROM (
    SELECT DISTINCT x.automation, x.item_id
    FROM unnest(%(automations)s::text[], %(item_ids)s::bigint[]) AS x (automation, item_id)
    WHERE NOT EXISTS (
            SELECT FROM billing.hold h
            WHERE h.automation = x.automation AND h.item_id = x.item_id AND h.lifted_at IS NULL AND h.hold_until IS NULL
        )
        AND NOT (x.automation = 'claims_submission' AND EXISTS (
            SELECT FROM billing.claim k JOIN billing.claim_submission s USING (claim_id, version)
            WHERE k.claim_id = x.item_id
        ))
) w
