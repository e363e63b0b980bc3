-- publish_codes: the codes of answers in words, as the views show them.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: sources, kinds, codes, words, fix_locations text[] (of equal length)
-- Returns: nothing
-- Locks: rows that change
-- Leaves out: rows that are equal already
INSERT INTO billing.answer_code AS c (source, kind, code, words, fix_location)
SELECT x.*
FROM unnest(%(sources)s::text[], %(kinds)s::text[], %(codes)s::text[], %(words)s::text[], %(fix_locations)s::text[])
    AS x (source, kind, code, words, fix_location)
WHERE NOT EXISTS (
    SELECT FROM billing.answer_code k
    WHERE (k.source, k.kind, k.code, k.words) = (x.source, x.kind, x.code, x.words)
        AND k.fix_location IS NOT DISTINCT FROM x.fix_location
)
ORDER BY x.source, x.kind, x.code
ON CONFLICT (source, kind, code) DO UPDATE SET words = excluded.words, fix_location = excluded.fix_location
