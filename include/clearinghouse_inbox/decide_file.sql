-- decide_file: what became of a file of answers; a quarantine is history too.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint, state text, contents text[], reason_code text, segment_number integer
-- Returns: one row: inbox_file_id; none when it is decided already
-- Locks: the file's row
-- Leaves out: nothing
WITH decided AS (
    UPDATE billing.inbox_file f
    SET file_state = %(state)s, contents = %(contents)s, reason_code = %(reason_code)s,
        segment_number = %(segment_number)s, decided_at = billing.clock()
    WHERE f.inbox_file_id = %(inbox_file_id)s AND f.file_state = 'received'
    RETURNING f.inbox_file_id, f.file_state, f.reason_code, f.segment_number
),
told AS (
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT 0, 'inbox_file', d.inbox_file_id, d.file_state,
        jsonb_strip_nulls(jsonb_build_object('code', d.reason_code, 'segment', d.segment_number))
    FROM decided d
    WHERE d.file_state = 'quarantined'
)
SELECT d.inbox_file_id FROM decided d
