-- record_adopted_submissions: the claims of a file that this database did not know, with the coverage they have here.
-- Called by: adoption.adopt_file
-- Parameters: interchange_id bigint, claim_ids bigint[], transaction_numbers text[] (of equal length)
-- Returns: one row per claim recorded: claim_id
-- Locks: none
-- Leaves out: claims whose client has no policy of the level any more
INSERT INTO billing.claim_submission (claim_id, version, interchange_id, transaction_number, claim_number,
    organization_id, total_amount, policy_id, insurer_id)
SELECT k.claim_id, k.version, %(interchange_id)s, x.transaction_number, k.claim_number, k.organization_id,
    k.total_amount, y.policy_id, y.insurer_id
FROM unnest(%(claim_ids)s::bigint[], %(transaction_numbers)s::text[]) AS x (claim_id, transaction_number)
JOIN billing.claim k ON k.claim_id = x.claim_id
JOIN billing.invoice i ON i.invoice_id = k.invoice_id
-- As include/claim_records/coverage.py chooses.
CROSS JOIN LATERAL (
    SELECT p.policy_id, p.insurer_id
    FROM practice.policy p
    WHERE p.client_id = k.client_id AND p.level = k.level
    ORDER BY (coalesce(p.starts_on, '-infinity') <= i.service_on AND coalesce(p.ends_on, 'infinity') >= i.service_on) DESC,
        p.starts_on DESC NULLS LAST, p.policy_id
    LIMIT 1
) y
RETURNING claim_id
