-- record_answers: keeps every answer of the file, with what it is about and what it did.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: one row per effect: effect, answer_count
-- Locks: none
-- Leaves out: nothing
WITH recorded AS (
    INSERT INTO billing.acknowledgment (inbox_file_id, position, source, grain, outcome, effect, interchange_id,
        organization_id, claim_id, version, submitter_id, control_number, transaction_number, batch_reference,
        claim_number, provider_npi, line_number, category_code, status_code, entity_code, segment_code,
        segment_position, element_position, payer_claim_control_number, answered_on, loop_code,
        sender_id)
    SELECT a.inbox_file_id, a.position, a.source, a.grain, a.outcome,
        CASE WHEN a.effect IS NOT NULL THEN a.effect
            WHEN a.interchange_id IS NULL THEN 'unknown'
            WHEN a.grain IN ('claim', 'line') AND a.claim_id IS NULL THEN 'unknown'
            WHEN a.grain NOT IN ('interchange', 'group') AND a.organization_id IS NULL THEN 'unknown'
            WHEN k.version > a.version THEN 'superseded'
            ELSE 'no_change' END,
        a.interchange_id, a.organization_id, a.claim_id, a.version, a.submitter_id, a.control_number,
        a.transaction_number, a.batch_reference, a.claim_number, a.provider_npi, a.line_number, a.category_code,
        a.status_code, a.entity_code, a.segment_code, a.segment_position, a.element_position,
        a.payer_claim_control_number, a.answered_on, a.loop_code, a.sender_id
    FROM billing.incoming_answer a
    LEFT JOIN billing.claim k ON k.claim_id = a.claim_id
    WHERE a.inbox_file_id = %(inbox_file_id)s
    RETURNING effect
)
SELECT r.effect, count(*) AS answer_count FROM recorded r GROUP BY r.effect
