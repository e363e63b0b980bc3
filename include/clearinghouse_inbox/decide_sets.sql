-- decide_sets: what became of the transaction sets of the answered files.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing
-- Locks: the transaction sets that change
-- Leaves out: a rejected set, for which nothing counts any more; an acceptance after an acceptance; sets of which a 999
--   with errors says nothing; the refusal of a copy of what has arrived (mark_copies.sql)
WITH said AS (
    SELECT a.position, a.interchange_id, a.grain, a.outcome, a.transaction_number
    FROM billing.incoming_answer a
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.source = '999' AND a.grain IN ('group', 'transaction_set')
        AND a.interchange_id IS NOT NULL AND NOT a.is_copy
),
-- The worst that is said of a set; the group speaks for sets that are not named.
verdict AS (
    SELECT t.interchange_id, t.transaction_number,
        CASE WHEN x.interchange_state = 'rejected' OR bool_or(s.outcome = 'rejected') THEN 'rejected'
            WHEN bool_or(s.outcome = 'accepted_with_errors') THEN 'accepted_with_errors'
            WHEN bool_or(s.outcome = 'accepted') OR bool_or(g.outcome = 'accepted') THEN 'accepted' END AS outcome
    FROM billing.transaction_set t
    JOIN billing.interchange x USING (interchange_id)
    LEFT JOIN said s ON s.interchange_id = t.interchange_id AND s.transaction_number = t.transaction_number
        AND s.grain = 'transaction_set'
    LEFT JOIN said g ON g.interchange_id = t.interchange_id AND g.grain = 'group'
    WHERE t.interchange_id IN (
        SELECT a.interchange_id FROM billing.incoming_answer a WHERE a.inbox_file_id = %(inbox_file_id)s
    )
    GROUP BY t.interchange_id, t.transaction_number, x.interchange_state
),
decided AS (
    UPDATE billing.transaction_set t
    SET transaction_set_state = v.outcome, answered_at = billing.clock()
    FROM verdict v
    WHERE t.interchange_id = v.interchange_id AND t.transaction_number = v.transaction_number
        AND (t.transaction_set_state = 'unanswered' OR v.outcome = 'rejected')
        AND t.transaction_set_state <> 'rejected' AND v.outcome IS NOT NULL
    RETURNING t.interchange_id, t.transaction_number, t.transaction_set_state
)
UPDATE billing.incoming_answer a
SET effect = 'applied'
FROM said s
JOIN decided d ON d.interchange_id = s.interchange_id AND d.transaction_number = s.transaction_number
    AND d.transaction_set_state = s.outcome
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.position = s.position AND s.grain = 'transaction_set'
