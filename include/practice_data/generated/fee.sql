-- fee: a default rate per service type and one per insurer.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.fee (fee_id, organization_id, service_type_id, insurer_id, starts_on, rate_amount)
SELECT (o - 1) * 48 + (s - 1) * 6 + k + 1, 1000 + o, (o - 1) * 8 + s, CASE WHEN k > 0 THEN (o - 1) * 5 + k END,
    date_trunc('year', %(night)s::date)::date,
    (4000 + s * 1500 + pg_temp.draw(o * 48 + s * 6 + k, 1, %(seed)s, 2000)) / 100.0
FROM generate_series(1, %(organizations)s) AS o, generate_series(1, 8) AS s, generate_series(0, 5) AS k;
