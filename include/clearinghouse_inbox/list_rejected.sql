-- list_rejected: files and transaction sets that were refused as a whole, with claims that nobody has returned.
-- Called by: troubles.list_rejected
-- Parameters: none
-- Returns: one row per file in order of receiver and control number: receiver_code, interchange_id, control_number,
--   is_whole_file, set_count (refused), organization_ids, claim_count (still rejected), named_count (of them, those that
--   the 999 names: billing.return_claims_of_file leaves them alone), reasons (codes with their words; empty where no
--   answer refused it: a file that was withdrawn after a restore)
-- Locks: none
-- Leaves out: claims with a newer version; claims that a 277CA rejected one by one, which are the billers' daily work
WITH waiting AS (
    SELECT s.interchange_id, s.transaction_number, s.organization_id, a.is_named
    FROM billing.claim k
    JOIN billing.claim_submission s ON s.claim_id = k.claim_id AND s.version = k.version
    -- The sets of a refused file are refused too.
    JOIN billing.transaction_set t ON t.interchange_id = s.interchange_id
        AND t.transaction_number = s.transaction_number AND t.transaction_set_state = 'rejected'
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(c.source = '999'), false) AS is_named,
            coalesce(bool_or(c.source = '277CA'), false) AS is_rejected_alone
        FROM billing.acknowledgment c
        WHERE c.claim_id = k.claim_id AND c.version = k.version AND c.outcome = 'rejected'
            AND c.grain IN ('segment', 'claim')
    ) a
    WHERE k.claim_status = 'rejected' AND NOT a.is_rejected_alone
),
file AS (
    SELECT w.interchange_id, count(DISTINCT w.transaction_number) AS set_count,
        array_agg(DISTINCT w.organization_id ORDER BY w.organization_id) AS organization_ids,
        count(*) AS claim_count, count(*) FILTER (WHERE w.is_named) AS named_count
    FROM waiting w
    GROUP BY w.interchange_id
)
SELECT x.receiver_code, x.interchange_id, x.control_number, x.interchange_state = 'rejected' AS is_whole_file,
    f.set_count, f.organization_ids, f.claim_count, f.named_count, r.reasons
FROM file f
JOIN billing.interchange x USING (interchange_id)
CROSS JOIN LATERAL (
    SELECT coalesce(array_agg(DISTINCT concat_ws(': ', concat_ws(' ', a.category_code, c.status_code), d.words)), '{}')
        AS reasons
    FROM billing.acknowledgment a
    -- What another software writes where a code belongs may be anything, and this goes into logs.
    CROSS JOIN LATERAL (SELECT substring(a.status_code FROM '^[A-Z]?[0-9]{1,3}$') AS status_code) c
    LEFT JOIN billing.answer_code d ON (d.source, d.kind, d.code) = (a.source, a.category_code, c.status_code)
    WHERE a.interchange_id = x.interchange_id AND a.outcome = 'rejected' AND a.source IN ('TA1', '999')
        AND a.category_code IN ('TA1', 'AK9', 'IK5', 'IK4', 'IK3')
) r
ORDER BY x.receiver_code, x.control_number
