-- order_rules: numbers the rules from 1 in the order given.
-- Called by: rule_changes.reorder_rules
-- Parameters: rule_ids bigint[]
-- Returns: nothing
-- Locks: the rows, which the caller holds already
-- Leaves out: the versions: what a rule says is the same, so whoever edits it at the moment may go on
UPDATE billing.exclusion_rule r
SET position = o.place
FROM unnest(%(rule_ids)s::bigint[]) WITH ORDINALITY AS o (rule_id, place)
WHERE r.rule_id = o.rule_id AND r.position <> o.place
