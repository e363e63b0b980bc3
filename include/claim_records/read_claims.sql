-- read_claims: the claims themselves; what they are about is read beside them.
-- Called by: read.read_claim_frames
-- Parameters: claim_ids bigint[]
-- Returns: one row per claim in order of organization_id, claim_id; money in cents
-- Locks: none
-- Leaves out: ids that are no claims
-- Here and in the other files of this folder ids pass through ARRAY(SELECT …): the planner then does not know how many
-- they are and reads by index, whatever it believes of tables that fill by night.
SELECT k.claim_id, k.organization_id, k.claim_number, k.version, k.level, k.frequency_code, k.payer_claim_control_number,
    (k.total_amount * 100)::bigint AS total_charge_cents, k.invoice_id, k.client_id, k.part
FROM billing.claim k
WHERE k.claim_id = ANY(ARRAY(SELECT unnest(%(claim_ids)s::bigint[])))
ORDER BY k.organization_id, k.claim_id
