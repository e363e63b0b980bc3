-- read_current_releases: which release of each reference table is in use.
-- Called by: include.reference_data.writing.read_current.
-- Parameters: none.
-- Returns: one row per loaded table, in order of name: table_name, release_label, source, origin, covers_from,
--   covers_to, sha256, row_count.
-- Locks: none.
-- Leaves out: releases that were replaced or withdrawn.
SELECT table_name, release_label, source, origin, covers_from, covers_to, sha256, row_count
FROM billing.reference_release
WHERE is_current
ORDER BY table_name
