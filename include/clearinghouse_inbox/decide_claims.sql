-- decide_claims: what became of the claims: rejected by what any answer says, else accepted by what a 277CA says.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing
-- Locks: the claims that change
-- Leaves out: older versions; rejected, paid, denied and void claims, which stay what they are; pending answers; what
--   calls an accepted claim a duplicate (status 54, 78) when its file was sent again: that is the copy
WITH said AS (
    SELECT a.claim_id, a.version, a.outcome = 'rejected' AS is_rejected, a.status_code IN ('54', '78') AS is_duplicate
    FROM billing.incoming_answer a
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.source = '277CA' AND a.grain = 'claim'
        AND a.claim_id IS NOT NULL AND a.outcome <> 'pending'
    UNION ALL
    SELECT i.claim_id, i.version, true, a.source = '277CA' AND a.status_code IN ('54', '78')
    FROM billing.incoming_claim i
    JOIN billing.incoming_answer a USING (inbox_file_id, position)
    WHERE i.inbox_file_id = %(inbox_file_id)s
),
judged AS (
    SELECT n.claim_id, n.version, n.is_rejected,
        coalesce(n.is_rejected AND n.is_duplicate AND x.resend_count > 0 AND (k.claim_status = 'accepted'
            OR bool_or(NOT n.is_rejected) OVER (PARTITION BY n.claim_id, n.version)), false) AS is_copy
    FROM said n
    JOIN billing.claim_submission s USING (claim_id, version)
    JOIN billing.interchange x USING (interchange_id)
    JOIN billing.claim k USING (claim_id)
),
verdict AS (
    SELECT j.claim_id, j.version, bool_or(j.is_rejected) AS is_rejected
    FROM judged j
    WHERE NOT j.is_copy
    GROUP BY j.claim_id, j.version
),
decided AS (
    UPDATE billing.claim k
    SET claim_status = CASE WHEN v.is_rejected THEN 'rejected' ELSE 'accepted' END
    FROM verdict v
    WHERE k.claim_id = v.claim_id AND k.version = v.version
        AND (k.claim_status = 'submitted' OR (v.is_rejected AND k.claim_status = 'accepted'))
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
