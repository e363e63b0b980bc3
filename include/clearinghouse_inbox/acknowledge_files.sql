-- acknowledge_files: files that the receiver says it has, whatever it says of single transaction sets.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: nothing
-- Locks: the files
-- Leaves out: files acknowledged or rejected before; a 277CA, which says nothing of the file
WITH receipt AS (
    SELECT a.position, a.interchange_id, a.grain
    FROM billing.incoming_answer a
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.source IN ('TA1', '999') AND a.interchange_id IS NOT NULL
        AND (a.grain = 'transaction_set' OR (a.grain IN ('interchange', 'group') AND a.outcome <> 'rejected'))
),
acknowledged AS (
    UPDATE billing.interchange x
    SET interchange_state = 'acknowledged', acknowledged_at = billing.clock()
    WHERE x.interchange_id IN (SELECT r.interchange_id FROM receipt r) AND x.interchange_state = 'sent'
    RETURNING x.interchange_id
)
UPDATE billing.incoming_answer a
SET effect = 'applied'
FROM receipt r
JOIN acknowledged k USING (interchange_id)
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.position = r.position AND r.grain <> 'transaction_set'
