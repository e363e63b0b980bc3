-- reject_files: files that the receiver refuses as a whole, by TA1 or by the group of a 999.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: one row per file rejected now: interchange_id, is_reused (its number was used before, says the receiver,
--   although it was not sent again)
-- Locks: the files
-- Leaves out: files rejected before; the refusal of a copy of what has arrived (mark_copies.sql)
WITH refusal AS (
    SELECT a.position, a.interchange_id, a.source = 'TA1' AND a.status_code = '025' AS is_reused
    FROM billing.incoming_answer a
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.grain IN ('interchange', 'group') AND a.outcome = 'rejected'
        AND a.interchange_id IS NOT NULL AND NOT a.is_copy
),
rejected AS (
    UPDATE billing.interchange x
    SET interchange_state = 'rejected'
    WHERE x.interchange_id IN (SELECT r.interchange_id FROM refusal r)
        AND x.interchange_state IN ('sent', 'acknowledged')
    RETURNING x.interchange_id
),
noted AS (
    UPDATE billing.incoming_answer a
    SET effect = 'applied'
    FROM refusal r
    JOIN rejected j USING (interchange_id)
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.position = r.position
)
SELECT j.interchange_id, bool_or(r.is_reused) AS is_reused
FROM rejected j
JOIN refusal r USING (interchange_id)
GROUP BY j.interchange_id
