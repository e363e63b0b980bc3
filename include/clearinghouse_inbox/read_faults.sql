-- read_faults: the combinations of codes with which the file rejects or faults something.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: one row per combination: source, category_code, status_code, entity_code
-- Locks: none
-- Leaves out: what is accepted or pending
SELECT DISTINCT a.source, a.category_code, a.status_code, a.entity_code
FROM billing.incoming_answer a
WHERE a.inbox_file_id = %(inbox_file_id)s AND a.outcome IN ('rejected', 'accepted_with_errors')
