-- read_line_notes: notes to the insurer about single services.
-- Called by: read.read_claim_frames
-- Parameters: appointment_ids bigint[]
-- Returns: one row per service with a note
-- Locks: none
-- Leaves out: services without a note
SELECT s.appointment_id, s.line_number, s.service_type_id, s.claim_note
FROM practice.appointment_service s
WHERE s.appointment_id = ANY(ARRAY(SELECT unnest(%(appointment_ids)s::bigint[]))) AND s.claim_note IS NOT NULL
