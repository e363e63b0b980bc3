-- keep_claim_numbers: no new claim gets an id whose number has left, or may have.
-- Called by: reconciliation.reconcile
-- Parameters: highest bigint (the highest claim id that was seen to have left), margin bigint (how many more may have)
-- Returns: one row: the id after which new claims are numbered
-- Locks: none; a sequence knows no transaction
-- Leaves out: nothing; a sequence is never set back
SELECT setval('billing.claim_claim_id_seq', greatest(q.last_value, %(highest)s::bigint) + %(margin)s::bigint)
FROM billing.claim_claim_id_seq q
