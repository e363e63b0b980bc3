-- record_release: a new release of a table, in use from the commit on.
-- Called by: include.reference_data.writing.replace_release.
-- Parameters: table_name, release_label, source, origin (shipped or supplied), sha256 text; covers_from, covers_to date,
--   NULL for open; row_count integer.
-- Returns: release_id, one row.
-- Locks: none; the load holds its advisory lock.
-- Leaves out: nothing; a table with another current release is refused by reference_release_current.
INSERT INTO billing.reference_release
    (table_name, release_label, source, origin, covers_from, covers_to, sha256, row_count)
VALUES
    (%(table_name)s, %(release_label)s, %(source)s, %(origin)s, %(covers_from)s, %(covers_to)s, %(sha256)s,
        %(row_count)s)
RETURNING release_id
