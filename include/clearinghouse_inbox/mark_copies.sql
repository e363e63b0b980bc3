-- mark_copies: refusals that are of a copy of what has arrived: they say nothing of the file, set and claims that did.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing; writes is_copy of the answers
-- Locks: none of other tables; the files are locked before
-- Leaves out: refusals of single claims, which decide_claims.sql judges
WITH refusal AS (
    SELECT a.position, a.interchange_id, a.grain, a.transaction_number, x.interchange_state, x.resend_count > 0 AS is_resent,
        a.source = 'TA1' AND a.status_code = '025' AS is_duplicate
    FROM billing.incoming_answer a
    JOIN billing.interchange x USING (interchange_id)
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.outcome = 'rejected'
        AND a.grain IN ('interchange', 'group', 'transaction_set')
)
UPDATE billing.incoming_answer a
SET is_copy = true
FROM refusal r
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.position = r.position
    AND CASE
        -- The number was used before: by ourselves, where it was sent again or anything of it has been answered.
        WHEN r.is_duplicate THEN r.is_resent OR r.interchange_state IN ('acknowledged', 'rejected')
            OR EXISTS (SELECT FROM billing.acknowledgment k WHERE k.interchange_id = r.interchange_id)
            OR EXISTS (
                SELECT FROM billing.incoming_answer b
                WHERE b.inbox_file_id = a.inbox_file_id AND b.interchange_id = r.interchange_id
                    AND (b.source <> 'TA1' OR b.outcome <> 'rejected' OR b.status_code IS DISTINCT FROM '025')
            )
            OR EXISTS (
                SELECT FROM billing.transaction_set t
                WHERE t.interchange_id = r.interchange_id AND t.transaction_set_state <> 'unanswered'
            )
            OR EXISTS (
                SELECT FROM billing.claim_submission s
                JOIN billing.claim k USING (claim_id)
                WHERE s.interchange_id = r.interchange_id AND (k.version > s.version
                    OR k.claim_status IN ('accepted', 'rejected', 'paid', 'denied'))
            )
            OR EXISTS (
                SELECT FROM billing.claim_submission s
                JOIN billing.claim_rejection j USING (claim_id, version)
                WHERE s.interchange_id = r.interchange_id
            )
        -- Of two that were sent one was taken, as far as this refusal reaches.
        ELSE r.is_resent AND EXISTS (
            SELECT
            FROM (
                SELECT k.source, k.grain, k.outcome, k.transaction_number
                FROM billing.acknowledgment k
                WHERE k.interchange_id = r.interchange_id
                UNION ALL
                SELECT b.source, b.grain, b.outcome, b.transaction_number
                FROM billing.incoming_answer b
                WHERE b.inbox_file_id = a.inbox_file_id AND b.interchange_id = r.interchange_id
            ) k
            WHERE k.outcome IN ('accepted', 'accepted_with_errors')
                AND CASE r.grain
                    WHEN 'interchange' THEN true
                    WHEN 'group' THEN k.source <> 'TA1'
                    ELSE k.source <> 'TA1' AND (k.transaction_number = r.transaction_number
                        OR (k.grain = 'group' AND k.outcome = 'accepted')) END
        ) END
