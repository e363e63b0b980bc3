-- list_organizations: the organizations that users or roles may see, with what the picker shows.
-- Called by: organizations.list_organizations, organizations.read_organization
-- Parameters: kinds, names text[] (of equal length: the principals), text text (part of the name, or the id; '' for
--   all), organization_id numeric (NULL: any), row_limit integer
-- Returns: one row per organization, by name: organization_id, name, timezone, plan_label, is_sample, enabled_count,
--   total_count (of all that fit, the same in every row)
-- Locks: none
-- Leaves out: what billing.may_see denies to the principals
SELECT o.organization_id, o.name, o.timezone, p.label AS plan_label, o.is_sample, (
        SELECT count(*) FROM billing.automation_setting s
        WHERE s.organization_id = o.organization_id AND s.is_enabled
    ) AS enabled_count, count(*) OVER () AS total_count
FROM practice.organization o
JOIN practice.plan p USING (plan_code)
WHERE (%(organization_id)s::numeric IS NULL OR o.organization_id = %(organization_id)s::numeric)
    AND (%(text)s::text = '' OR o.organization_id::text = %(text)s::text
        OR position(lower(%(text)s::text) IN lower(o.name)) > 0)
    AND billing.may_see(%(kinds)s::text[], %(names)s::text[], o.organization_id)
ORDER BY lower(o.name), o.organization_id
LIMIT %(row_limit)s
