-- withdraw_file: a file that must not leave, because its number or a claim in it left in another file.
-- Called by: adoption.withdraw_file
-- Parameters: interchange_id bigint (recorded as sent before, so that its state can end), left_claim_ids bigint[]
-- Returns: one row: how many claims a person has to decide about
-- Locks: the file, its transaction sets and its claims
-- Leaves out: claims that left in the other file: they stay submitted
WITH file AS (
    UPDATE billing.interchange x SET interchange_state = 'rejected' WHERE x.interchange_id = %(interchange_id)s
), sets AS (
    UPDATE billing.transaction_set t
    SET transaction_set_state = 'rejected', answered_at = billing.clock()
    WHERE t.interchange_id = %(interchange_id)s
), rejected AS (
    UPDATE billing.claim k
    SET claim_status = 'rejected'
    FROM billing.claim_submission s
    WHERE s.interchange_id = %(interchange_id)s AND k.claim_id = s.claim_id AND k.version = s.version
        AND k.claim_status = 'submitted' AND k.claim_id <> ALL(%(left_claim_ids)s::bigint[])
    RETURNING k.claim_id
)
SELECT count(*) FROM rejected
