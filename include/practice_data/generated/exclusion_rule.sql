-- exclusion_rule: 2.7 rules of invoice creation per organization on average, the default rule of processing,
--   half a rule of submission.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
WITH wanted AS (
    SELECT g.organization_id, w.automation, w.position, w.conditions,
        (g.organization_id - 1001) * 5 + w.number AS rule_id
    FROM practice.organization g
    CROSS JOIN LATERAL (VALUES
        (1, 'invoice_creation', 1, 10, jsonb_build_object(
            'primary_insurer', (g.organization_id - 1001) * 5 + 5)),
        (2, 'invoice_creation', 2, 9, jsonb_build_object(
            'progress_note_signed', 'no', 'appointment_staff', (g.organization_id - 1001) * %(clinicians)s + 4)),
        (3, 'invoice_creation', 3, 8, jsonb_build_object(
            'service_type', (g.organization_id - 1001) * 8 + 6, 'client_pays_by', 'self_pay')),
        (4, 'invoice_processing', 1, 10, jsonb_build_object('client_pays_by', 'self_pay')),
        (5, 'claims_submission', 1, 5, jsonb_build_object(
            'place_of_service', '10', 'primary_insurer', (g.organization_id - 1001) * 5 + 4))
    ) AS w (number, automation, position, share, conditions)
    WHERE pg_temp.draw(g.organization_id, 15 + w.number, %(seed)s, 10) < w.share
),
rule AS (
    INSERT INTO billing.exclusion_rule (rule_id, organization_id, automation, position)
    SELECT rule_id, organization_id, automation, position FROM wanted ORDER BY rule_id
)
INSERT INTO billing.exclusion_condition (rule_id, condition_number, automation, field, match_values)
SELECT w.rule_id, c.number, w.automation, c.field, ARRAY[c.value]
FROM wanted w
CROSS JOIN LATERAL jsonb_each_text(w.conditions) WITH ORDINALITY AS c (field, value, number)
ORDER BY w.rule_id, c.number;
