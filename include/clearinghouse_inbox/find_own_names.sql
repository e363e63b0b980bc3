-- find_own_names: which names in a folder are those of our own claim files.
-- Called by: collection.list_answers
-- Parameters: file_names text[] (names of our form, whatever their ending)
-- Returns: one row per name that is ours: file_name
-- Locks: none
-- Leaves out: names that end otherwise than the claim files of any receiver and are not in the outbox: answers that a
--   receiver calls like the file they answer
SELECT n.file_name
FROM unnest(%(file_names)s::text[]) AS n (file_name)
WHERE EXISTS (
    -- Of any receiver: two may share a server. Files of which a restore took the record have the ending all the same.
    SELECT FROM billing.receiver v
    WHERE lower(substring(n.file_name FROM '[.]([^.]*)$')) = lower(v.file_extension)
        -- The ending may have been another one when the file was written.
        OR EXISTS (
            SELECT FROM billing.interchange x
            WHERE x.receiver_code = v.receiver_code AND x.file_name = n.file_name
        )
)
