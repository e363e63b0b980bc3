-- leave_undelivered: gives the claims whose file has not left their reason: it failed, its outcome is
--   unknown, or all sending is stopped.
-- Called by: steps.leave_undelivered
-- Parameters: attempt_id bigint
-- Returns: one row per organization concerned: organization_id
-- Locks: the changed candidates; the files that have not left: whoever records that one has, does so before or after
-- Leaves out: claims that are in no file
WITH file AS MATERIALIZED (
    SELECT x.interchange_id, x.interchange_state
    FROM billing.interchange x
    WHERE x.interchange_state IN ('built', 'sending', 'unknown')
    FOR SHARE
),
left_behind AS (
    UPDATE billing.candidate c
    SET reason = CASE WHEN d.is_allowed THEN 'step_failed' ELSE 'on_hold' END,
        detail_code = CASE WHEN NOT d.is_allowed THEN d.stop_code
            WHEN x.interchange_state = 'unknown' THEN 'outcome_unknown' ELSE 'undelivered' END
    FROM billing.sending d, billing.claim k
    JOIN billing.claim_submission s ON s.claim_id = k.claim_id AND s.version = k.version
    JOIN file x USING (interchange_id)
    WHERE c.attempt_id = %(attempt_id)s AND c.reason IS NULL AND k.claim_id = c.item_id
        AND k.claim_status = 'awaiting_submission'
    RETURNING c.organization_id
)
SELECT DISTINCT l.organization_id FROM left_behind l ORDER BY 1
