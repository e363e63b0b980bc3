-- appointment: the kept appointments of the night. A client who comes twice sees two clinicians; one in four
--   is telehealth.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients (per organization), seed (int);
--   night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.appointment (appointment_id, organization_id, client_id, staff_id, location_id, starts_at, ends_at,
    appointment_status, is_billable, updated_at)
SELECT appointment_id, g.organization_id, client_id,
    (g.organization_id - 1001) * 4 + 1 + (pg_temp.draw(client_id, 10, %(seed)s, 4) + (a - 1) / %(clients)s) %% 4,
    (g.organization_id - 1001) * 2 + CASE WHEN pg_temp.draw(appointment_id, 11, %(seed)s, 4) = 0 THEN 2 ELSE 1 END,
    starts_at, starts_at + interval '1 hour', 'kept', true, starts_at
FROM practice.organization g
CROSS JOIN generate_series(1, %(appointments)s) AS a
CROSS JOIN LATERAL (
    SELECT (g.organization_id - 1001) * %(appointments)s + a AS appointment_id,
        (g.organization_id - 1001) * %(clients)s + 1 + (a - 1) %% %(clients)s AS client_id,
        (%(night)s::date + make_interval(hours => 8 + a %% 12)) AT TIME ZONE g.timezone AS starts_at
) AS made
ORDER BY appointment_id;
