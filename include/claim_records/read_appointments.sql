-- read_appointments: how sessions were held, and what claims say of them.
-- Called by: read.read_claim_frames
-- Parameters: appointment_ids bigint[]
-- Returns: one row per appointment in order of appointment_id
-- Locks: none
-- Leaves out: nothing
SELECT a.appointment_id, a.place_of_service_code, (extract(epoch FROM a.ends_at - a.starts_at) / 60)::integer
        AS session_minutes, a.telehealth, a.accident_cause, a.accident_on, a.accident_state_code, a.claim_note
FROM practice.appointment a
WHERE a.appointment_id = ANY(ARRAY(SELECT unnest(%(appointment_ids)s::bigint[])))
ORDER BY a.appointment_id
