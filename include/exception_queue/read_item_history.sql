-- read_item_history: what was done to one item and, for a claim, to the files it was in, newest first.
-- Called by: item.read_item
-- Parameters: organization_id bigint, automation text, noun text (appointment, invoice or claim), item_id bigint,
--   row_limit integer
-- Returns: one row per change: changed_at timestamptz, changed_by, subject, action text, detail jsonb
-- Locks: none
-- Leaves out: nothing
SELECT h.changed_at, h.changed_by, h.subject, h.action, h.detail
FROM billing.history h
WHERE h.subject IN (%(automation)s, %(noun)s) AND h.subject_id = %(item_id)s AND h.organization_id = %(organization_id)s
UNION ALL
SELECT h.changed_at, h.changed_by, h.subject, h.action, h.detail
FROM billing.claim_submission s
JOIN billing.history h ON h.subject = 'file' AND h.subject_id = s.interchange_id
WHERE %(noun)s = 'claim' AND s.claim_id = %(item_id)s AND s.organization_id = %(organization_id)s
ORDER BY changed_at DESC, action
LIMIT %(row_limit)s
