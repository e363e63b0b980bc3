-- store_file: keeps a file of answers by its bytes, and notes under which name it was seen.
-- Called by: collection.collect_files
-- Parameters: receiver_code, sha256 text, body bytea, file_name text, byte_count bigint, modified_at timestamptz
-- Returns: one row: inbox_file_id, is_new (these bytes were not there before)
-- Locks: none
-- Leaves out: nothing
WITH stored AS (
    INSERT INTO billing.inbox_file (receiver_code, sha256, body)
    VALUES (%(receiver_code)s, %(sha256)s, %(body)s)
    ON CONFLICT (receiver_code, sha256) DO NOTHING
    RETURNING inbox_file_id
),
file AS (
    SELECT s.inbox_file_id, true AS is_new FROM stored s
    UNION ALL
    SELECT f.inbox_file_id, false
    FROM billing.inbox_file f
    WHERE f.receiver_code = %(receiver_code)s AND f.sha256 = %(sha256)s
),
listed AS (
    INSERT INTO billing.inbox_listing (receiver_code, file_name, byte_count, modified_at, inbox_file_id)
    SELECT %(receiver_code)s, %(file_name)s, %(byte_count)s, %(modified_at)s, f.inbox_file_id FROM file f
    ON CONFLICT DO NOTHING
)
SELECT f.inbox_file_id, f.is_new FROM file f
