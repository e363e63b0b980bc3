-- lock_answered_files: takes the files that the answers are about, in one order, and tells which are not known as sent.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint
-- Returns: one row per file that is built, sending or unknown: interchange_id
-- Locks: every file that is answered, so that no delivery records anything of it meanwhile
-- Leaves out: files known to be with the receiver, which are locked all the same
WITH locked AS MATERIALIZED (
    SELECT x.interchange_id, x.interchange_state
    FROM billing.interchange x
    WHERE x.interchange_id IN (
        SELECT a.interchange_id FROM billing.incoming_answer a WHERE a.inbox_file_id = %(inbox_file_id)s
    )
    ORDER BY x.interchange_id
    FOR UPDATE
)
SELECT l.interchange_id FROM locked l WHERE l.interchange_state IN ('built', 'sending', 'unknown')
