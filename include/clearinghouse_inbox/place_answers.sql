-- place_answers: the claims that were found in the bytes we sent.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: inbox_file_id bigint, positions integer[], claim_numbers text[] (of equal length)
-- Returns: nothing; writes claim_id and version of segments in error, and billing.incoming_claim for providers
-- Locks: none of other tables
-- Leaves out: nothing
WITH found AS (
    SELECT p.position, s.claim_id, s.version
    FROM unnest(%(positions)s::integer[], %(claim_numbers)s::text[]) AS p (position, claim_number)
    JOIN billing.claim_submission s ON s.claim_id = substring(p.claim_number FROM '^C([0-9]+)V')::bigint
        AND s.claim_number = p.claim_number
),
placed AS (
    UPDATE billing.incoming_answer a
    SET claim_id = f.claim_id, version = f.version
    FROM found f
    WHERE a.inbox_file_id = %(inbox_file_id)s AND a.position = f.position AND a.grain = 'segment'
    RETURNING a.position
)
INSERT INTO billing.incoming_claim (inbox_file_id, position, claim_id, version)
SELECT %(inbox_file_id)s, f.position, f.claim_id, f.version
FROM found f
WHERE f.position NOT IN (SELECT p.position FROM placed p)
