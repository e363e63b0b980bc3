-- match_answers: finds what of ours each answer is about, by whom it is addressed to and who wrote it.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing; writes interchange_id, organization_id, transaction_number, claim_id and version of the answers, and
--   in lock_code what an answer says that only an older state of this database explains
-- Locks: none of other tables
-- Leaves out: answers to or from somebody else (the receiver is the one whose ids stand in the answer: two may share a
--   folder), and about nothing that was sent there: they stay without; claim numbers that the answer puts into another
--   file than ours stands in; the number in a batch reference that is not ours; numbers so high that no number of ours
--   is near: those say nothing of this database
WITH said AS (
    SELECT b.position, b.source, b.grain, b.outcome, b.status_code, v.last_control_number, b.control_number,
        coalesce(c.interchange_id, CASE WHEN b.source <> '277CA' OR t.interchange_id IS NOT NULL
            THEN x.interchange_id END) AS interchange_id,
        coalesce(c.organization_id, t.organization_id) AS organization_id,
        coalesce(c.transaction_number, t.transaction_number, b.transaction_number) AS transaction_number,
        c.claim_id, c.version
    FROM billing.incoming_answer b
    CROSS JOIN LATERAL (
        SELECT v.receiver_code, v.last_control_number
        FROM billing.receiver v
        WHERE v.submitter_id = b.submitter_id AND b.sender_id IN (v.answer_sender_id, v.receiver_id)
        -- Its own id counts before that of another one's answers.
        ORDER BY v.receiver_id <> b.sender_id
        LIMIT 1
    ) v
    LEFT JOIN billing.interchange x ON x.receiver_code = v.receiver_code AND x.control_number = b.control_number
    LEFT JOIN billing.transaction_set t ON t.interchange_id = x.interchange_id
        AND CASE b.source WHEN '277CA' THEN t.batch_reference = b.batch_reference
            ELSE t.transaction_number = b.transaction_number END
    LEFT JOIN LATERAL (
        SELECT s.claim_id, s.version, s.interchange_id, s.transaction_number, s.organization_id
        FROM billing.claim_submission s
        JOIN billing.interchange y ON y.interchange_id = s.interchange_id AND y.receiver_code = v.receiver_code
        WHERE s.claim_id = substring(b.claim_number FROM '^C([0-9]{1,15})V[0-9]{1,5}$')::bigint
            AND s.claim_number = b.claim_number
            AND (b.source = '277CA' OR s.interchange_id = x.interchange_id)
    ) c ON true
    WHERE b.inbox_file_id = %(inbox_file_id)s
),
-- What never left cannot be answered, nor have been there before: somebody else used its number.
judged AS (
    SELECT d.*,
        coalesce(y.interchange_state = 'built' AND ((y.attempt_count = 0 AND y.resend_count = 0) OR (y.resend_count = 0 AND d.source = 'TA1'
            AND d.outcome = 'rejected' AND d.status_code = '025')), false) AS is_of_another
    FROM said d
    LEFT JOIN billing.interchange y USING (interchange_id)
)
UPDATE billing.incoming_answer a
SET interchange_id = CASE WHEN NOT j.is_of_another THEN j.interchange_id END,
    organization_id = CASE WHEN NOT j.is_of_another THEN j.organization_id END,
    transaction_number = j.transaction_number,
    claim_id = CASE WHEN NOT j.is_of_another THEN j.claim_id END,
    version = CASE WHEN NOT j.is_of_another THEN j.version END,
    lock_code = CASE WHEN j.is_of_another THEN 'number_reused'
        WHEN j.source IN ('TA1', '999') AND j.control_number > j.last_control_number
            AND j.control_number <= j.last_control_number + 10000 THEN 'number_ahead' END
FROM judged j
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.position = j.position
