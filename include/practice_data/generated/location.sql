-- location: two locations per organization, the second for telehealth.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.location (location_id, organization_id, name, place_of_service_code, address_1, city, state_code,
    postal_code)
SELECT (o - 1) * 2 + k, 1000 + o, CASE k WHEN 1 THEN 'Office' ELSE 'Telehealth' END,
    CASE k WHEN 1 THEN '11' ELSE '10' END,
    o || ' Foundry Walk', 'Madison', 'WI', '537030001'
FROM generate_series(1, %(organizations)s) AS o, generate_series(1, 2) AS k;
