-- read_claim_file: the file that carries the newest version of a claim, and whether it is all the visitor's to speak of.
-- Called by: files.read_claim_file
-- Parameters: organization_id bigint, claim_id bigint, kinds, names text[] (of equal length: the visitor as
--   billing.organization_access names users and roles)
-- Returns: at most one row: interchange_id bigint, file_name text, control_number integer, receiver_name text,
--   interchange_state, fault_code text, unknown_since, attempted_at, sent_at, wait_until timestamptz, organization_count,
--   unseen_count bigint (organizations with claims in it that the visitor may not see)
-- Locks: none
-- Leaves out: claims whose newest version is in no file
SELECT x.interchange_id, x.file_name, x.control_number, v.name AS receiver_name, x.interchange_state, x.fault_code,
    x.unknown_since, x.attempted_at, x.sent_at, x.wait_until, t.organization_count, t.unseen_count
FROM billing.claim c
JOIN billing.claim_submission s ON s.claim_id = c.claim_id AND s.version = c.version
JOIN billing.interchange x USING (interchange_id)
JOIN billing.receiver v USING (receiver_code)
CROSS JOIN LATERAL (
    SELECT count(DISTINCT t.organization_id) AS organization_count,
        count(DISTINCT t.organization_id) FILTER (
            WHERE NOT billing.may_see(%(kinds)s::text[], %(names)s::text[], t.organization_id)
        ) AS unseen_count
    FROM billing.transaction_set t
    WHERE t.interchange_id = x.interchange_id
) t
WHERE c.claim_id = %(claim_id)s AND c.organization_id = %(organization_id)s
