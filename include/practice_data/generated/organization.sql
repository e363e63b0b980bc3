-- organization: organizations 1001, 1002, …, marked as sample.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.organization (organization_id, name, timezone, plan_code, is_sample)
SELECT 1000 + o, 'Generated Practice ' || o, coalesce(%(timezone)s::text, b.timezone), 'complete', true
FROM generate_series(1, %(organizations)s) AS o
JOIN practice.timezone_bucket b ON b.ordinal = o %% 8;
