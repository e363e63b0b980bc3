-- staff: four clinicians per organization; the first approves the third and cosigns the fourth.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients (per organization), seed (int);
--   night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.staff (staff_id, organization_id, last_name, first_name, npi, taxonomy_code, supervisor_id,
    supervision, is_billed_under_supervisor)
SELECT (o - 1) * 4 + k, 1000 + o, 'Clinician', 'Number ' || k, pg_temp.npi(o * 10 + k), '101YM0800X',
    CASE WHEN k > 2 THEN (o - 1) * 4 + 1 END, CASE k WHEN 3 THEN 'approve' WHEN 4 THEN 'cosign' ELSE 'none' END, k = 3
FROM generate_series(1, %(organizations)s) AS o, generate_series(1, 4) AS k;
