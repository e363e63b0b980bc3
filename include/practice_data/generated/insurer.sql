-- insurer: five insurers per organization.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.insurer (insurer_id, organization_id, name, payer_code, claim_filing_code)
SELECT (o - 1) * 5 + k, 1000 + o, 'Generated Insurer ' || k, 'GEN0' || k, CASE k WHEN 1 THEN 'BL' ELSE 'CI' END
FROM generate_series(1, %(organizations)s) AS o, generate_series(1, 5) AS k;
