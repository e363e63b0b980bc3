-- list_named_values: what the organization has of one kind, with the names people know.
-- Called by: values.list_values, values.read_labels
-- Parameters: table text (insurer, staff, billing_provider, service_type, location, client), organization_id bigint,
--   ids bigint[] (NULL: search instead), text text (part of the name, or the beginning of the id), row_limit integer
-- Returns: one row per id: id as text, label, is_live; by label, id. A name that two have carries the id, a client's
--   always does
-- Locks: none
-- Leaves out: of a search, deleted insurers
WITH named AS (
    SELECT i.insurer_id AS id, i.name AS label, i.deleted_on IS NULL AS is_live
    FROM practice.insurer i
    WHERE %(table)s = 'insurer' AND i.organization_id = %(organization_id)s
    UNION ALL
    SELECT s.staff_id, concat_ws(', ', s.last_name, s.first_name), true
    FROM practice.staff s
    WHERE %(table)s = 'staff' AND s.organization_id = %(organization_id)s
    UNION ALL
    SELECT b.billing_provider_id, concat_ws(', ', b.name, b.first_name), true
    FROM practice.billing_provider b
    WHERE %(table)s = 'billing_provider' AND b.organization_id = %(organization_id)s
    UNION ALL
    SELECT t.service_type_id, concat_ws(' · ', t.name, t.procedure_code), true
    FROM practice.service_type t
    WHERE %(table)s = 'service_type' AND t.organization_id = %(organization_id)s
    UNION ALL
    SELECT l.location_id, l.name, true
    FROM practice.location l
    WHERE %(table)s = 'location' AND l.organization_id = %(organization_id)s
    UNION ALL
    SELECT c.client_id, coalesce(nullif(concat_ws(', ', c.last_name, c.first_name), ''), 'Client'), true
    FROM practice.client c
    WHERE %(table)s = 'client' AND c.organization_id = %(organization_id)s
),
labelled AS (
    SELECT n.id, n.is_live,
        CASE
            WHEN %(table)s = 'client' OR count(*) OVER (PARTITION BY n.label) > 1 THEN n.label || ' (' || n.id || ')'
            ELSE n.label
        END AS label
    FROM named n
)
SELECT l.id::text, l.label, l.is_live
FROM labelled l
WHERE CASE
        WHEN %(ids)s::bigint[] IS NULL
            THEN l.is_live AND (strpos(lower(l.label), lower(%(text)s)) > 0 OR starts_with(l.id::text, %(text)s))
        ELSE l.id = ANY(%(ids)s::bigint[])
    END
ORDER BY l.label, l.id
LIMIT %(row_limit)s
