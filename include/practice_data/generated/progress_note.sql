-- progress_note: a note per appointment; three in a hundred are not signed, nor
--   cosigned where the fourth clinician needs it.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.progress_note (progress_note_id, organization_id, appointment_id, staff_id, provider_signed_at,
    supervisor_signed_at)
SELECT a.appointment_id, a.organization_id, a.appointment_id, a.staff_id,
    CASE WHEN pg_temp.draw(a.appointment_id, 14, %(seed)s, 100) >= 3 THEN a.ends_at END,
    CASE WHEN a.staff_id %% 4 = 0 AND pg_temp.draw(a.appointment_id, 15, %(seed)s, 100) >= 3 THEN a.ends_at END
FROM practice.appointment a
ORDER BY a.appointment_id;
