-- record_interchange: the finished file with its bytes and numbers.
-- Called by: store.store_interchange, adoption.adopt_file
-- Parameters: receiver_code text, control_number integer, file_name, sha256 text, body bytea, run_id bigint,
--   built_at timestamptz
-- Returns: interchange_id, one row
-- Locks: none
-- Leaves out: nothing
INSERT INTO billing.interchange (receiver_code, control_number, file_name, sha256, body, built_run_id, built_at)
VALUES (%(receiver_code)s, %(control_number)s, %(file_name)s, %(sha256)s, %(body)s, %(run_id)s, %(built_at)s)
RETURNING interchange_id
