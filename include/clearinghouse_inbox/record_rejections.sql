-- record_rejections: for which codes claims were not taken: the most particular that the file says of each.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing; writes billing.claim_rejection and history
-- Locks: none
-- Leaves out: codes known already; segments in error of sets that were taken all the same; lines of claims that were
--   taken; what a whole set or file was refused for, of claims with an error of their own; claims that stay accepted, of
--   which only a copy was rejected
WITH together AS (
    SELECT i.claim_id, i.version, a.position, CASE a.grain WHEN 'interchange' THEN 4 WHEN 'group' THEN 3 ELSE 2 END AS rank
    FROM billing.incoming_claim i
    JOIN billing.incoming_answer a USING (inbox_file_id, position)
    WHERE i.inbox_file_id = %(inbox_file_id)s
),
own AS (
    SELECT a.claim_id, a.version, a.position, a.grain, a.source
    FROM billing.incoming_answer a
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.claim_id IS NOT NULL AND a.outcome = 'rejected'
        AND a.grain IN ('claim', 'line', 'segment')
),
reason AS (
    SELECT t.* FROM together t
    UNION ALL
    SELECT o.claim_id, o.version, o.position, 1
    FROM own o
    WHERE CASE o.grain WHEN 'claim' THEN true
        WHEN 'line' THEN EXISTS (
            SELECT FROM own c WHERE c.grain = 'claim' AND c.claim_id = o.claim_id AND c.version = o.version
        )
        ELSE EXISTS (SELECT FROM together t WHERE t.claim_id = o.claim_id AND t.version = o.version) END
),
particular AS (
    SELECT r.claim_id, r.version, r.position,
        r.rank = min(r.rank) OVER (PARTITION BY r.claim_id, r.version) AS is_most_particular
    FROM reason r
),
recorded AS (
    INSERT INTO billing.claim_rejection (organization_id, claim_id, version, source, category_code, status_code,
        entity_code, received_on)
    SELECT DISTINCT ON (p.claim_id, p.version, c.source, c.category_code, c.status_code, c.entity_code)
        s.organization_id, p.claim_id, p.version, c.source, c.category_code, c.status_code, c.entity_code,
        (billing.clock() AT TIME ZONE o.timezone)::date
    FROM particular p
    JOIN billing.incoming_answer a ON a.inbox_file_id = %(inbox_file_id)s AND a.position = p.position
    CROSS JOIN LATERAL (
        SELECT a.source,
            coalesce(substring(a.category_code FROM '^[A-Z0-9]{1,5}$'), 'NONE') AS category_code,
            coalesce(substring(a.status_code FROM '^[A-Z0-9]{1,6}$'), 'NONE') AS status_code,
            substring(a.entity_code FROM '^[A-Z0-9]{1,3}$') AS entity_code
    ) c
    JOIN billing.claim_submission s ON s.claim_id = p.claim_id AND s.version = p.version
    JOIN practice.organization o ON o.organization_id = s.organization_id
    WHERE p.is_most_particular
        AND NOT EXISTS (
            SELECT FROM billing.claim k
            WHERE k.claim_id = p.claim_id AND k.version = p.version AND k.claim_status = 'accepted'
        )
    ORDER BY p.claim_id, p.version, c.source, c.category_code, c.status_code, c.entity_code
    ON CONFLICT (claim_id, version, source, category_code, status_code, coalesce(entity_code, '')) DO NOTHING
    RETURNING organization_id, claim_id, version, source, category_code, status_code, entity_code
)
INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
SELECT r.organization_id, 'claim', r.claim_id, 'rejection recorded',
    jsonb_build_object('version', r.version, 'source', r.source, 'inbox_file_id', %(inbox_file_id)s::bigint,
        'code', concat_ws(':', r.category_code, r.status_code, r.entity_code))
FROM recorded r
ORDER BY r.claim_id
