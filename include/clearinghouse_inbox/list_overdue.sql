-- list_overdue: answers that should have come by now.
-- Called by: troubles.list_overdue
-- Parameters: none
-- Returns: one row per file, organization and kind of answer, in order of receiver and file: receiver_code, missing,
--   interchange_id, control_number, organization_id, claim_count, waiting_since (UTC)
-- Locks: none
-- Leaves out: what reporting.overdue_answers leaves out
SELECT v.receiver_code, v.missing, v.interchange_id, v.control_number, v.organization_id, v.claim_count,
    v.waiting_since AT TIME ZONE 'UTC' AS waiting_since
FROM reporting.overdue_answers v
ORDER BY v.receiver_code, v.interchange_id, v.missing, v.organization_id
