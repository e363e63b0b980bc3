-- policy: a primary policy for who does not pay himself, a secondary one for one in ten of them.
--   Insurer 5 has one client in twenty.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.policy (policy_id, organization_id, client_id, insurer_id, level, starts_on, member_id)
SELECT p.client_id * 2 - 2 + k, p.organization_id, p.client_id,
    (p.organization_id - 1001) * 5 + CASE
        WHEN k = 2 THEN 1 + (insurer + 1) %% 4
        WHEN pg_temp.draw(p.client_id, 5, %(seed)s, 20) = 0 THEN 5
        ELSE 1 + insurer
    END,
    CASE k WHEN 1 THEN 'primary' ELSE 'secondary' END, p.starts_on, 'GEN' || p.client_id || 'M' || k
FROM practice.client_payment p
CROSS JOIN LATERAL (SELECT pg_temp.draw(p.client_id, 6, %(seed)s, 4) AS insurer) AS drawn
CROSS JOIN generate_series(1, 2) AS k
WHERE p.pays_by = 'insurance' AND (k = 1 OR pg_temp.draw(p.client_id, 7, %(seed)s, 10) = 0)
ORDER BY p.client_id;
