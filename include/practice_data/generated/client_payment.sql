-- client_payment: who pays: one client in ten by himself.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.client_payment (client_id, organization_id, starts_on, pays_by)
SELECT c.client_id, c.organization_id, date_trunc('year', %(night)s::date)::date,
    CASE WHEN pg_temp.draw(c.client_id, 3, %(seed)s, 10) = 0 THEN 'self_pay' ELSE 'insurance' END
FROM practice.client c
ORDER BY c.client_id;
