-- billing_provider: one billing provider per organization.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.billing_provider (billing_provider_id, organization_id, is_default, entity_type, name, npi, tax_id,
    tax_id_type, taxonomy_code, address_1, city, state_code, postal_code, phone)
SELECT o, 1000 + o, true, 'organization', 'Generated Practice ' || o, pg_temp.npi(o * 10), '12' || lpad((3000000 + o)::text, 7, '0'),
    'employer', '261QM0801X', o || ' Foundry Walk', 'Madison', 'WI', '537030001', '5555550100'
FROM generate_series(1, %(organizations)s) AS o;
