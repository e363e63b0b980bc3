-- record_delivery: the file is with the receiver: its claims are submitted and nothing holds them any more.
-- Called by: delivery.record_sent
-- Parameters: interchange_id bigint, run_id bigint (none: the run that built it)
-- Returns: one row: claim_count, amount
-- Locks: the file, its claims and their decisions
-- Leaves out: everything when another worker recorded the delivery first
SELECT r.claim_count, r.amount FROM billing.record_file_sent(%(interchange_id)s, %(run_id)s) AS r
