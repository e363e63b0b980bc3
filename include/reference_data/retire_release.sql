-- retire_release: takes the current release of a table out of use.
-- Called by: include.reference_data.writing.retire_release.
-- Parameters: table_name text.
-- Returns: nothing.
-- Locks: the row of the release in use.
-- Leaves out: the release's rows, which the caller deletes in the same transaction.
UPDATE billing.reference_release SET is_current = false WHERE table_name = %(table_name)s AND is_current
