-- record_payer_numbers: what insurers call the claims (REF*1K of a 277CA), the newest of the file.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing
-- Locks: the claims that change
-- Leaves out: older versions; rejected, paid, denied and void claims; replacements and voids, on which the column is the
--   number of the claim they replace
UPDATE billing.claim k
SET payer_claim_control_number = n.payer_claim_control_number
FROM (
    SELECT DISTINCT ON (a.claim_id, a.version) a.claim_id, a.version, a.payer_claim_control_number
    FROM billing.incoming_answer a
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.claim_id IS NOT NULL AND a.payer_claim_control_number IS NOT NULL
    ORDER BY a.claim_id, a.version, a.position DESC
) n
WHERE k.claim_id = n.claim_id AND k.version = n.version AND k.claim_status IN ('submitted', 'accepted')
    AND k.frequency_code = '1' AND k.payer_claim_control_number IS DISTINCT FROM n.payer_claim_control_number
