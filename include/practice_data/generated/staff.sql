-- staff: four clinicians per organization, or as many as its appointments need; of each four the third is approved
--   and billed under the organization's first, the fourth is cosigned by the first.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.staff (staff_id, organization_id, last_name, first_name, npi, taxonomy_code, supervisor_id,
    supervision, is_billed_under_supervisor, license_type)
SELECT (o - 1) * %(clinicians)s + k, 1000 + o, 'Clinician', 'Number ' || translate(k::text, '0123456789', 'ABCDEFGHIJ'),
    pg_temp.npi(50000000 + (o - 1)::bigint * %(clinicians)s + k), '101YM0800X',
    CASE WHEN place IN (3, 0) THEN (o - 1) * %(clinicians)s + 1 END,
    CASE place WHEN 3 THEN 'approve' WHEN 0 THEN 'cosign' ELSE 'none' END, place = 3,
    CASE place WHEN 3 THEN 'LMSW' WHEN 0 THEN 'LPC' ELSE 'LCSW' END
FROM generate_series(1, %(organizations)s) AS o, generate_series(1, %(clinicians)s) AS k
CROSS JOIN LATERAL (SELECT k %% 4 AS place) AS placed;
