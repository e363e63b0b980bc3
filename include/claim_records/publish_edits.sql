-- publish_edits: the catalogue of edits as the views show it.
-- Called by: scrub.scrub_claims
-- Parameters: codes text[], versions integer[], grains, severities, messages, fix_locations text[], overridable boolean[]
--   (of equal length)
-- Returns: nothing
-- Locks: rows that change
-- Leaves out: rows that are equal already
INSERT INTO billing.edit AS e (edit_code, version, grain, default_severity, message, fix_location, is_overridable)
SELECT x.*
FROM unnest(%(codes)s::text[], %(versions)s::integer[], %(grains)s::text[], %(severities)s::text[],
    %(messages)s::text[], %(fix_locations)s::text[], %(overridable)s::boolean[]) AS x
ON CONFLICT (edit_code) DO UPDATE SET
    version = excluded.version,
    grain = excluded.grain,
    default_severity = excluded.default_severity,
    message = excluded.message,
    fix_location = excluded.fix_location,
    is_overridable = excluded.is_overridable
WHERE e.* IS DISTINCT FROM excluded.*
