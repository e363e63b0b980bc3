-- write_conditions: makes the conditions of a rule those given; one that stays the same is not touched.
-- Called by: rule_changes.save_rule
-- Parameters: rule_id bigint, automation text, conditions jsonb (list of objects: number, field, match_values), field
--   and match_values as stored
-- Returns: condition_count, one row: inserted, changed and removed ones
-- Locks: the rows it writes
-- Leaves out: nothing
WITH wanted AS (
    SELECT (c.value ->> 'number')::smallint AS condition_number, c.value ->> 'field' AS field,
        ARRAY(
            SELECT v.value FROM jsonb_array_elements_text(c.value -> 'match_values') WITH ORDINALITY AS v (value, place)
            ORDER BY v.place
        ) AS match_values
    FROM jsonb_array_elements(%(conditions)s) AS c
),
removed AS (
    DELETE FROM billing.exclusion_condition e
    WHERE e.rule_id = %(rule_id)s AND e.condition_number NOT IN (SELECT w.condition_number FROM wanted w)
    RETURNING e.condition_number
),
written AS (
    INSERT INTO billing.exclusion_condition AS stored (rule_id, condition_number, automation, field, match_values)
    SELECT %(rule_id)s, w.condition_number, %(automation)s, w.field, w.match_values
    FROM wanted w
    ORDER BY w.condition_number
    ON CONFLICT (rule_id, condition_number) DO UPDATE SET field = excluded.field, match_values = excluded.match_values
    WHERE (stored.field, stored.match_values) IS DISTINCT FROM (excluded.field, excluded.match_values)
    RETURNING stored.condition_number
)
SELECT (SELECT count(*) FROM removed) + (SELECT count(*) FROM written) AS condition_count
