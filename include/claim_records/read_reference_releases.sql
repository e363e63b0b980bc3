-- read_reference_releases: which release of each reference table is in use.
-- Called by: include.claim_records.references.read_references.
-- Parameters: none.
-- Returns: one row per loaded table, in order of name: table_name, release_id, release_label, sha256, covers_from,
--   covers_to, row_count.
-- Locks: none.
-- Leaves out: tables that are not loaded.
SELECT table_name, release_id, release_label, sha256, covers_from, covers_to, row_count
FROM billing.reference_release
WHERE is_current
ORDER BY table_name
