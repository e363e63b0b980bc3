-- publish_places: where combinations of codes are corrected, as the views show it.
-- Called by: acknowledgments.apply_acknowledgments
-- Parameters: sources, categories, statuses, entities, fix_locations text[] (of equal length)
-- Returns: nothing
-- Locks: rows that change
-- Leaves out: rows that are equal already
INSERT INTO billing.answer_place AS p (source, category_code, status_code, entity_code, fix_location)
SELECT DISTINCT ON (1, 2, 3, 4)
    x.source, coalesce(x.category, 'NONE'), coalesce(x.status, 'NONE'), coalesce(x.entity, 'NONE'), x.fix_location
FROM unnest(%(sources)s::text[], %(categories)s::text[], %(statuses)s::text[], %(entities)s::text[],
    %(fix_locations)s::text[]) AS x (source, category, status, entity, fix_location)
ON CONFLICT (source, category_code, status_code, entity_code) DO UPDATE SET fix_location = excluded.fix_location
WHERE p.fix_location <> excluded.fix_location
