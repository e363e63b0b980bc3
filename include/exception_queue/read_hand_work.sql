-- read_hand_work: the hold and the release that a person put on one item and that stand.
-- Called by: item.read_hand_work
-- Parameters: organization_id bigint, automation text, item_id bigint
-- Returns: one row per hold or release: kind text (hold, release), reason text, until date (holds; NULL: until lifted),
--   ignores_rules boolean, by_whom text, at timestamptz; the hold first
-- Locks: none
-- Leaves out: holds that were lifted and releases that were withdrawn
SELECT 'hold' AS kind, h.reason, h.hold_until AS until, false AS ignores_rules, h.held_by AS by_whom, h.held_at AS at
FROM billing.hold h
WHERE h.automation = %(automation)s AND h.item_id = %(item_id)s AND h.organization_id = %(organization_id)s
    AND h.lifted_at IS NULL
UNION ALL
SELECT 'release', r.reason, NULL, r.ignores_rules, r.released_by, r.released_at
FROM billing.release r
WHERE r.automation = %(automation)s AND r.item_id = %(item_id)s AND r.organization_id = %(organization_id)s
    AND r.withdrawn_at IS NULL
ORDER BY kind
