-- read_progress_notes: who signed the notes of sessions.
-- Called by: read.read_claim_frames
-- Parameters: appointment_ids bigint[]
-- Returns: one row per note
-- Locks: none
-- Leaves out: nothing
SELECT n.appointment_id, n.staff_id, n.provider_signed_at IS NOT NULL AS is_signed,
    n.supervisor_signed_at IS NOT NULL AS is_cosigned
FROM practice.progress_note n
WHERE n.appointment_id = ANY(ARRAY(SELECT unnest(%(appointment_ids)s::bigint[])))
