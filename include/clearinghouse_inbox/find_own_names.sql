-- find_own_names: which names in a folder are those of our own claim files.
-- Called by: collection.list_answers
-- Parameters: file_names text[] (names of our form, whatever their ending), receiver_code text (whose folder it is)
-- Returns: one row per name that is ours: file_name
-- Locks: none
-- Leaves out: names that end otherwise than this receiver's claim files and are not in the outbox: answers that a
--   receiver calls like the file they answer
SELECT n.file_name
FROM unnest(%(file_names)s::text[]) AS n (file_name)
-- Files of which a restore took the record have the ending all the same.
WHERE EXISTS (
        SELECT FROM billing.receiver v
        WHERE v.receiver_code = %(receiver_code)s
            AND lower(substring(n.file_name FROM '[.]([^.]*)$')) = lower(v.file_extension)
    )
    -- Of any receiver: two may share a server; and the ending may have been another one when the file was written.
    OR EXISTS (
        SELECT FROM billing.receiver v
        JOIN billing.interchange x ON x.receiver_code = v.receiver_code AND x.file_name = n.file_name
    )
