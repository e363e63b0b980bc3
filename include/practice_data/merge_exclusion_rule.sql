-- merge_exclusion_rule: writes the rules of the file; a rule's conditions are those of the file, in their order.
-- Called by: include.practice_data.writing.merge_sheet, after copy_sheet made loaded_exclusion_rule (one row per
--   condition, text, line = place in the file).
-- Parameters: separator (text), what stands between two values of a condition.
-- Returns: one row: rules inserted, rules changed (their position or any condition). A rule that was deleted on the
--   settings page stays deleted.
-- Locks: the rows it writes.
-- Leaves out: rules the file does not name.
WITH condition AS (
    SELECT rule_id::bigint, row_number() OVER (PARTITION BY rule_id ORDER BY line)::smallint AS condition_number,
        organization_id::bigint, automation, position::integer, field,
        string_to_array(match_values, %(separator)s) AS match_values
    FROM loaded_exclusion_rule
),
rule AS (
    SELECT DISTINCT rule_id, organization_id, automation, position FROM condition
),
different AS (
    SELECT c.rule_id
    FROM condition c
    FULL JOIN (
        SELECT e.* FROM billing.exclusion_condition e WHERE e.rule_id IN (SELECT r.rule_id FROM rule r)
    ) e ON e.rule_id = c.rule_id AND e.condition_number = c.condition_number
    WHERE (c.field, c.match_values) IS DISTINCT FROM (e.field, e.match_values) AND c.rule_id IS NOT NULL
    UNION
    SELECT e.rule_id
    FROM billing.exclusion_condition e
    JOIN rule r ON r.rule_id = e.rule_id
    WHERE NOT EXISTS (
        SELECT FROM condition c WHERE c.rule_id = e.rule_id AND c.condition_number = e.condition_number
    )
),
written_rule AS (
    INSERT INTO billing.exclusion_rule AS stored (rule_id, organization_id, automation, position)
    SELECT rule_id, organization_id, automation, position FROM rule ORDER BY rule_id
    ON CONFLICT (rule_id) DO UPDATE SET position = excluded.position, version = stored.version + 1
    WHERE stored.position <> excluded.position OR stored.rule_id IN (SELECT d.rule_id FROM different d)
    RETURNING stored.rule_id, stored.xmax = 0 AS is_new
),
removed AS (
    DELETE FROM billing.exclusion_condition e
    USING rule r
    WHERE e.rule_id = r.rule_id AND NOT EXISTS (
        SELECT FROM condition c WHERE c.rule_id = e.rule_id AND c.condition_number = e.condition_number
    )
),
written_condition AS (
    INSERT INTO billing.exclusion_condition AS stored (rule_id, condition_number, automation, field, match_values)
    SELECT rule_id, condition_number, automation, field, match_values FROM condition ORDER BY rule_id, condition_number
    ON CONFLICT (rule_id, condition_number) DO UPDATE SET field = excluded.field, match_values = excluded.match_values
    WHERE (stored.field, stored.match_values) IS DISTINCT FROM (excluded.field, excluded.match_values)
)
SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written_rule;
