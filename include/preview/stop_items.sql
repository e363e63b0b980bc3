-- stop_items: gives every item of a preview what stops its organization as the reason.
-- Called by: tonight._decide
-- Parameters: attempt_id bigint, gate text (plan, off, paused)
-- Returns: nothing
-- Locks: the changed rows
-- Leaves out: nothing: what stops the organization comes before every other reason
UPDATE billing.candidate c
SET reason = %(gate)s, detail_code = NULL, rule_id = NULL
WHERE c.attempt_id = %(attempt_id)s
