-- read_answered_claims: the claims that answers name, as far as they wait here in that version.
-- Called by: reconciliation.reconcile
-- Parameters: claim_ids bigint[], versions integer[] (of equal length)
-- Returns: one row per claim: claim_id, interchange_id of a file here that holds it (absent: none),
--   whether that file has not left as far as is known here
-- Locks: none
-- Leaves out: claims that do not wait
SELECT k.claim_id, s.interchange_id, f.interchange_state = 'built' AS is_built
FROM unnest(%(claim_ids)s::bigint[], %(versions)s::integer[]) AS x (claim_id, version)
JOIN billing.claim k ON k.claim_id = x.claim_id AND k.version = x.version AND k.claim_status = 'awaiting_submission'
LEFT JOIN billing.claim_submission s ON s.claim_id = k.claim_id AND s.version = k.version
LEFT JOIN billing.interchange f USING (interchange_id)
ORDER BY k.claim_id
