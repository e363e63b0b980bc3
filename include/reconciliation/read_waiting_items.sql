-- read_waiting_items: everything that waits to be billed: a file that left unseen may hold it already.
-- Called by: reconciliation.reconcile
-- Parameters: none
-- Returns: one row per item in order: automation, item_id
-- Locks: none
-- Leaves out: what is yet to come
SELECT w.automation, w.item_id
FROM billing.item_in_step w
WHERE w.waits_from <= billing.clock()
ORDER BY w.automation, w.item_id
