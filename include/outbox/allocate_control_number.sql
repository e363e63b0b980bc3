-- allocate_control_number: the receiver's next control number, and the instant that counts as now.
-- Called by: store.store_interchange
-- Parameters: receiver_code text
-- Returns: one row: control_number, built_at
-- Locks: the receiver's row until the transaction ends: numbers have no gaps and follow the order of commits
-- Leaves out: nothing
UPDATE billing.receiver
SET last_control_number = last_control_number + 1
WHERE receiver_code = %(receiver_code)s
RETURNING last_control_number, (SELECT billing.clock())
