-- match_answers: finds what of ours each answer is about.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint, receiver_code text
-- Returns: nothing; writes interchange_id, organization_id, transaction_number, claim_id and version of the answers
-- Locks: none of other tables
-- Leaves out: answers about nothing that was sent to this receiver: they stay without; claim numbers that the answer
--   puts into another file than ours stands in
UPDATE billing.incoming_answer a
SET interchange_id = m.interchange_id, organization_id = m.organization_id,
    transaction_number = m.transaction_number, claim_id = m.claim_id, version = m.version
FROM (
    SELECT b.position,
        coalesce(c.interchange_id, x.interchange_id) AS interchange_id,
        coalesce(c.organization_id, t.organization_id) AS organization_id,
        coalesce(c.transaction_number, t.transaction_number, b.transaction_number) AS transaction_number,
        c.claim_id, c.version
    FROM billing.incoming_answer b
    LEFT JOIN billing.interchange x ON x.receiver_code = %(receiver_code)s AND x.control_number = b.control_number
    LEFT JOIN billing.transaction_set t ON t.interchange_id = x.interchange_id
        AND CASE b.source WHEN '277CA' THEN t.batch_reference = b.batch_reference
            ELSE t.transaction_number = b.transaction_number END
    LEFT JOIN LATERAL (
        SELECT s.claim_id, s.version, s.interchange_id, s.transaction_number, s.organization_id
        FROM billing.claim_submission s
        JOIN billing.interchange y ON y.interchange_id = s.interchange_id AND y.receiver_code = %(receiver_code)s
        WHERE s.claim_id = substring(b.claim_number FROM '^C([0-9]{1,15})V[0-9]{1,5}$')::bigint
            AND s.claim_number = b.claim_number
            AND (b.source = '277CA' OR s.interchange_id = x.interchange_id)
    ) c ON true
    WHERE b.inbox_file_id = %(inbox_file_id)s
) m
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.position = m.position
