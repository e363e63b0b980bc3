-- merge_hold: puts the holds of the file on their items.
-- Called by: include.practice_data.writing.merge_sheet, after copy_sheet made loaded_hold.
-- Parameters: separator, not used here.
-- Returns: one row: holds inserted, holds changed.
-- Locks: the rows it writes.
-- Leaves out: a hold that was there before in the same words and has been lifted since: it stays lifted.
WITH wanted AS (
    SELECT organization_id::bigint, automation, item_id::bigint, hold_until::date, reason, held_by
    FROM loaded_hold
),
written AS (
    INSERT INTO billing.hold AS stored (organization_id, automation, item_id, hold_until, reason, held_by)
    SELECT w.organization_id, w.automation, w.item_id, w.hold_until, w.reason, w.held_by
    FROM wanted w
    WHERE NOT EXISTS (
        SELECT FROM billing.hold h
        WHERE h.automation = w.automation AND h.item_id = w.item_id AND h.reason = w.reason AND h.held_by = w.held_by
            AND h.hold_until IS NOT DISTINCT FROM w.hold_until
    )
    ORDER BY w.automation, w.item_id
    ON CONFLICT (automation, item_id) WHERE lifted_at IS NULL DO UPDATE SET
        hold_until = excluded.hold_until,
        reason = excluded.reason,
        held_by = excluded.held_by,
        held_at = billing.clock()
    RETURNING stored.xmax = 0 AS is_new
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written;
