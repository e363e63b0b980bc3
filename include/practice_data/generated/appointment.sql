-- appointment: the kept appointments of the night. A client who comes twice sees two clinicians; nobody has two
--   sessions at once; one in four is telehealth.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.appointment (appointment_id, organization_id, client_id, staff_id, location_id, starts_at, ends_at,
    appointment_status, is_billable, telehealth, updated_at)
SELECT appointment_id, g.organization_id, client_id,
    (g.organization_id - 1001) * %(clinicians)s + 1 + (client + visit) %% %(clinicians)s,
    (g.organization_id - 1001) * 2 + CASE WHEN is_telehealth THEN 2 ELSE 1 END,
    starts_at, starts_at + interval '1 hour', 'kept', true, CASE WHEN is_telehealth THEN 'video' END, starts_at
FROM practice.organization g
CROSS JOIN generate_series(1, %(appointments)s) AS a
CROSS JOIN LATERAL (SELECT (a - 1) %% %(clients)s AS client, (a - 1) / %(clients)s AS visit) AS counted
-- A clinician's clients come one after the other, first all who come for the first time that day.
CROSS JOIN LATERAL (
    SELECT client / %(clinicians)s + visit * ((%(clients)s - 1) / %(clinicians)s + 1) AS hour
) AS placed
CROSS JOIN LATERAL (
    SELECT (g.organization_id - 1001) * %(appointments)s + a AS appointment_id,
        (g.organization_id - 1001) * %(clients)s + 1 + client AS client_id,
        pg_temp.draw((g.organization_id - 1001) * %(appointments)s + a, 11, %(seed)s, 4) = 0 AS is_telehealth,
        (%(night)s::date + make_interval(hours => 8 + hour)) AT TIME ZONE g.timezone AS starts_at
) AS made
ORDER BY appointment_id;
