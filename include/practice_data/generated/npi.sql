-- npi: an NPI with a right check digit that nobody has been given (2 and `number` in eight digits).
-- Called by: include.practice_data.generate, before the other statements of this folder.
-- Parameters: none.
-- Returns: nothing. Source: CMS, "Requirements for National Provider Identifier and NPI Check Digit"; 24 is what the
--   prefix 80840 adds to the Luhn sum.
-- Locks: none.
-- Leaves out: nothing.
CREATE OR REPLACE FUNCTION pg_temp.npi(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT body || ((10 - (24 + sum(
            CASE WHEN place %% 2 = 1 THEN digit * 2 / 10 + digit * 2 %% 10 ELSE digit END
        )) %% 10) %% 10)::text
    FROM (SELECT '2' || lpad(number::text, 8, '0') AS body) AS shaped,
        generate_series(1, 9) AS place,
        LATERAL (SELECT substr(body, place, 1)::integer AS digit) AS taken
    GROUP BY body
$$;
