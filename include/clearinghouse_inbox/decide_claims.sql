-- decide_claims: what became of the claims: rejected by what any answer says, else accepted by what a 277CA says.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing
-- Locks: the claims that change
-- Leaves out: older versions; rejected, paid, denied and void claims, which stay what they are; pending answers; the
--   rejection of an accepted claim whose file was sent again: it is of the copy
WITH verdict AS (
    SELECT n.claim_id, n.version, bool_or(n.is_rejected) AS is_rejected
    FROM (
        SELECT a.claim_id, a.version, a.outcome = 'rejected' AS is_rejected
        FROM billing.incoming_answer a
        WHERE a.inbox_file_id = %(inbox_file_id)s AND a.source = '277CA' AND a.grain = 'claim'
            AND a.claim_id IS NOT NULL AND a.outcome <> 'pending'
        UNION ALL
        SELECT i.claim_id, i.version, true FROM billing.incoming_claim i WHERE i.inbox_file_id = %(inbox_file_id)s
    ) n
    GROUP BY n.claim_id, n.version
),
decided AS (
    UPDATE billing.claim k
    SET claim_status = CASE WHEN v.is_rejected THEN 'rejected' ELSE 'accepted' END
    FROM verdict v
    WHERE k.claim_id = v.claim_id AND k.version = v.version
        AND (k.claim_status = 'submitted' OR (v.is_rejected AND k.claim_status = 'accepted' AND NOT EXISTS (
            SELECT FROM billing.claim_submission s
            JOIN billing.interchange x USING (interchange_id)
            WHERE s.claim_id = k.claim_id AND s.version = k.version AND x.resend_count > 0
        )))
    RETURNING k.claim_id, k.version, k.claim_status
),
telling AS (
    SELECT a.position
    FROM billing.incoming_answer a
    JOIN decided d USING (claim_id, version)
    WHERE a.inbox_file_id = %(inbox_file_id)s
        AND CASE a.outcome WHEN 'pending' THEN false
            WHEN 'rejected' THEN d.claim_status = 'rejected'
            ELSE d.claim_status = 'accepted' AND a.grain = 'claim' END
    UNION
    SELECT i.position
    FROM billing.incoming_claim i
    JOIN decided d USING (claim_id, version)
    WHERE i.inbox_file_id = %(inbox_file_id)s
)
UPDATE billing.incoming_answer a
SET effect = 'applied'
FROM telling t
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.position = t.position
