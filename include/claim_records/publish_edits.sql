-- publish_edits: the catalogue of edits as the views show it.
-- Called by: scrub.scrub_claims
-- Parameters: codes text[], versions integer[], grains, severities, messages, fix_locations text[], overridable boolean[],
--   rejection_codes text[] (each with its codes separated by spaces) (of equal length)
-- Returns: nothing
-- Locks: rows that change
-- Leaves out: rows that are equal already, before ON CONFLICT sees them: it would lock them, and batches that scrub side
--   by side would wait for one another
INSERT INTO billing.edit AS e (edit_code, version, grain, default_severity, message, fix_location, is_overridable,
    rejection_codes)
SELECT x.edit_code, x.version, x.grain, x.default_severity, x.message, x.fix_location, x.is_overridable,
    coalesce(string_to_array(nullif(x.rejection_codes, ''), ' '), '{}')
FROM unnest(%(codes)s::text[], %(versions)s::integer[], %(grains)s::text[], %(severities)s::text[],
    %(messages)s::text[], %(fix_locations)s::text[], %(overridable)s::boolean[], %(rejection_codes)s::text[])
    AS x (edit_code, version, grain, default_severity, message, fix_location, is_overridable, rejection_codes)
WHERE NOT EXISTS (
    SELECT FROM billing.edit k
    WHERE k.edit_code = x.edit_code
        AND (k.version, k.grain, k.default_severity, k.message, k.fix_location, k.is_overridable, k.rejection_codes)
            IS NOT DISTINCT FROM (x.version, x.grain, x.default_severity, x.message, x.fix_location, x.is_overridable,
                coalesce(string_to_array(nullif(x.rejection_codes, ''), ' '), '{}'))
)
ORDER BY x.edit_code
ON CONFLICT (edit_code) DO UPDATE SET
    version = excluded.version,
    grain = excluded.grain,
    default_severity = excluded.default_severity,
    message = excluded.message,
    fix_location = excluded.fix_location,
    is_overridable = excluded.is_overridable,
    rejection_codes = excluded.rejection_codes
WHERE e.* IS DISTINCT FROM excluded.*
