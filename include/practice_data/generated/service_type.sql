-- service_type: eight service types per organization.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.service_type (service_type_id, organization_id, name, procedure_code, modifier_1)
SELECT (o - 1) * 8 + k, 1000 + o, 'Service ' || k,
    (ARRAY['90837', '90834', '90832', '90791', '90847', '90853', '90837', '90785'])[k], CASE k WHEN 7 THEN '95' END
FROM generate_series(1, %(organizations)s) AS o, generate_series(1, 8) AS k;
