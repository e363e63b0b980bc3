-- client: the clients of every organization.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO practice.client (client_id, organization_id, last_name, first_name, birth_on, sex, address_1, city,
    state_code, postal_code)
SELECT (o - 1)::bigint * %(clients)s + c, 1000 + o, 'Invented',
    'Person ' || translate(c::text, '0123456789', 'ABCDEFGHIJ'),
    %(night)s::date - 2000 - pg_temp.draw((o - 1)::bigint * %(clients)s + c, 2, %(seed)s, 26000),
    CASE c %% 2 WHEN 0 THEN 'F' ELSE 'M' END, c || ' Lamplighter Street', 'Madison', 'WI', '53703'
FROM generate_series(1, %(organizations)s) AS o, generate_series(1, %(clients)s) AS c;
