-- appointment_service: one service per appointment, in one of five also interactive complexity (not with family
--   psychotherapy, which it does not go with).
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.appointment_service (appointment_id, line_number, organization_id, service_type_id, unit_count)
SELECT a.appointment_id, line_number, a.organization_id,
    (a.organization_id - 1001) * 8 + CASE line_number WHEN 1 THEN service ELSE 8 END, 1
FROM practice.appointment a
CROSS JOIN LATERAL (
    SELECT CASE WHEN a.location_id %% 2 = 0 THEN 7 ELSE 1 + pg_temp.draw(a.appointment_id, 12, %(seed)s, 6) END AS service
) AS drawn
CROSS JOIN generate_series(1, 2) AS line_number
WHERE line_number = 1 OR service <> 5 AND pg_temp.draw(a.appointment_id, 13, %(seed)s, 5) = 0
ORDER BY a.appointment_id, line_number;
