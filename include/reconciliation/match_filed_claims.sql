-- match_filed_claims: what this database knows of the claims in a file that left.
-- Called by: adoption.match_claims
-- Parameters: claim_ids bigint[], versions integer[], levels text[], total_cents bigint[], service_days date[],
--   member_ids, last_names text[], birth_days date[] (of equal length, one per claim in the file)
-- Returns: one row per claim in the file in its order: is_same (the claim of this id is the one in the file),
--   organization_id, version, claim_status, other_interchange_id (a file of this database that holds the claim in the
--   file's version)
-- Locks: the claims
-- Leaves out: nothing; after a restore nights may have given the ids of lost claims to others, so that amount, day, level
--   and client are compared
SELECT k.claim_id IS NOT NULL AND k.level = x.level AND (k.total_amount * 100)::bigint = x.total_cents
        AND i.service_on IS NOT DISTINCT FROM x.service_on
        AND ((c.birth_on = x.birth_on AND upper(c.last_name) = x.last_name) OR EXISTS (
            SELECT FROM practice.policy p
            WHERE p.client_id = k.client_id
                AND upper(regexp_replace(p.member_id, '\s', '', 'g')) = regexp_replace(x.member_id, '\s', '', 'g')
        )) IS TRUE AS is_same,
    k.organization_id, k.version::integer, k.claim_status, s.interchange_id AS other_interchange_id
FROM unnest(%(claim_ids)s::bigint[], %(versions)s::integer[], %(levels)s::text[], %(total_cents)s::bigint[],
    %(service_days)s::date[], %(member_ids)s::text[], %(last_names)s::text[], %(birth_days)s::date[]) WITH ORDINALITY
    AS x (claim_id, version, level, total_cents, service_on, member_id, last_name, birth_on, position)
LEFT JOIN (SELECT b.* FROM billing.claim b WHERE b.claim_id = ANY(%(claim_ids)s::bigint[]) FOR UPDATE) k
    ON k.claim_id = x.claim_id
LEFT JOIN billing.invoice i ON i.invoice_id = k.invoice_id
LEFT JOIN practice.client c ON c.client_id = k.client_id
LEFT JOIN billing.claim_submission s ON s.claim_id = x.claim_id AND s.version = x.version
ORDER BY x.position
