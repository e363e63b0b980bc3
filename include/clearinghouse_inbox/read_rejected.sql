-- read_rejected: the rejected claims with the file that carried their newest version.
-- Called by: corrections.return_corrected_claims
-- Parameters: none
-- Returns: one row per claim in order of file and claim: interchange_id, claim_id, version, claim_number
-- Locks: none
-- Leaves out: claims that were marked as sent by another way: there is nothing to compare them with
SELECT s.interchange_id, k.claim_id, k.version, k.claim_number
FROM billing.claim k
JOIN billing.claim_submission s ON s.claim_id = k.claim_id AND s.version = k.version
WHERE k.claim_status = 'rejected'
ORDER BY s.interchange_id, k.claim_id
