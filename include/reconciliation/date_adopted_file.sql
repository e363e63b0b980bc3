-- date_adopted_file: a file and its claims left when the file was written, not when it was found.
-- Called by: adoption.adopt_file
-- Parameters: interchange_id bigint, written_at timestamptz
-- Returns: nothing
-- Locks: the file and its claims
-- Leaves out: claims that are in a newer version by now
WITH dated AS (
    UPDATE billing.claim k
    SET submitted_at = %(written_at)s
    FROM billing.claim_submission s
    WHERE s.interchange_id = %(interchange_id)s AND k.claim_id = s.claim_id AND k.version = s.version
)
UPDATE billing.interchange x
SET sent_at = %(written_at)s, attempt_count = 1
WHERE x.interchange_id = %(interchange_id)s
