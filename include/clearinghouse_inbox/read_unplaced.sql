-- read_unplaced: answers whose claims only the bytes we sent can tell: segments in error, and providers rejected whole.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: one row per answer in order of file and transaction set: interchange_id, transaction_number, position,
--   segment_position (999), provider_npi (277CA)
-- Locks: none
-- Leaves out: answers that name their claim; providers of whom the file answers claim by claim; unknown transaction sets
SELECT a.interchange_id, a.transaction_number, a.position,
    CASE a.source WHEN '999' THEN a.segment_position END AS segment_position,
    CASE a.source WHEN '277CA' THEN a.provider_npi END AS provider_npi
FROM billing.incoming_answer a
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.organization_id IS NOT NULL AND a.claim_id IS NULL
    AND (
        (a.source = '999' AND a.grain = 'segment' AND a.segment_position IS NOT NULL)
        OR (
            a.source = '277CA' AND a.grain = 'provider' AND a.outcome = 'rejected' AND a.provider_npi IS NOT NULL
            AND NOT EXISTS (
                SELECT FROM billing.incoming_answer b
                WHERE b.inbox_file_id = a.inbox_file_id AND b.grain = 'claim'
                    AND b.batch_reference = a.batch_reference AND b.provider_npi = a.provider_npi
            )
        )
    )
ORDER BY a.interchange_id, a.transaction_number, a.position
