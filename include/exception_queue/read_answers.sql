-- read_answers: what was said of claims after they were sent, newest first, with the codes in words.
-- Called by: answers.read_answers
-- Parameters: organization_id bigint, claim_ids bigint[]
-- Returns: one row per claim version and thing said: claim_id bigint, claim_number text (as sent), is_newest_version
--   boolean, source, outcome, effect text, line_number bigint, category_code, category_words, status_code, status_words,
--   entity_code, entity_words, fix_location text, received_at timestamptz
-- Locks: none
-- Leaves out: that a file was accepted
SELECT a.claim_id, a.claim_number, a.is_newest_version, a.source, a.outcome, a.effect, a.line_number, a.category_code,
    a.category_words, a.status_code, a.status_words, a.entity_code, a.entity_words, a.fix_location, a.received_at
FROM reporting.claim_answers a
WHERE a.organization_id = %(organization_id)s AND a.claim_id = ANY(%(claim_ids)s::bigint[])
ORDER BY a.claim_id, a.version DESC, a.received_at DESC, a.line_number NULLS FIRST, a.category_code, a.status_code
