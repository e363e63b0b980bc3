-- draw: a number from 0 to sides - 1 that depends on nothing but its arguments; for the length of the session.
-- Called by: include.practice_data.generate, before the other statements of this folder.
-- Parameters: none.
-- Returns: nothing. `topic` keeps two draws for one row independent.
-- Locks: none.
-- Leaves out: any claim to be random enough for other uses.
CREATE OR REPLACE FUNCTION pg_temp.draw(id bigint, topic integer, seed integer, sides integer) RETURNS integer
LANGUAGE sql IMMUTABLE AS $$
    SELECT ((hashint8extended(id, seed::bigint * 1000 + topic) & 9223372036854775807) %% sides)::integer
$$;
