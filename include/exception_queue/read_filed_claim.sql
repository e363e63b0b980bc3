-- read_filed_claim: the file that holds the newest version of a claim that was ever filed. Patient data.
-- Called by: claim_text.read_claim_text
-- Parameters: organization_id bigint, claim_id bigint
-- Returns: at most one row: claim_number text (as sent), transaction_number text, body bytea (the whole file), file_name,
--   interchange_state text, sent_at timestamptz
-- Locks: none
-- Leaves out: older versions, and claims that went out by another way
SELECT s.claim_number, s.transaction_number, x.body, x.file_name, x.interchange_state, x.sent_at
FROM billing.claim_submission s
JOIN billing.interchange x USING (interchange_id)
WHERE s.claim_id = %(claim_id)s AND s.organization_id = %(organization_id)s
ORDER BY s.version DESC
LIMIT 1
