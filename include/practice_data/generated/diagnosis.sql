-- diagnosis: one to three diagnoses per client, mostly one.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.diagnosis (client_id, organization_id, rank, diagnosis_code, starts_on)
SELECT c.client_id, c.organization_id, rank, (ARRAY['F411', 'F331', 'F4323', 'F4310', 'F900', 'F3181'])
    [1 + (pg_temp.draw(c.client_id, 8, %(seed)s, 6) + rank) %% 6], date_trunc('year', %(night)s::date)::date
FROM practice.client c
CROSS JOIN generate_series(1, 3) AS rank
WHERE rank <= CASE WHEN pg_temp.draw(c.client_id, 9, %(seed)s, 10) < 6 THEN 1
    WHEN pg_temp.draw(c.client_id, 9, %(seed)s, 10) < 9 THEN 2 ELSE 3 END
ORDER BY c.client_id, rank;
