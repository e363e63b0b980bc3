-- write_default_rule: the rule that Invoice Processing starts with: Client pays by Equals Self-pay.
-- Called by: settings.enable
-- Parameters: organization_id bigint
-- Returns: rule_id, one row; none when the organization ever had a rule for it
-- Locks: none
-- Leaves out: organizations with a rule, also a deleted one: who deleted the default does not want it back
WITH default_rule AS (
    INSERT INTO billing.exclusion_rule (organization_id, automation, position)
    SELECT %(organization_id)s, 'invoice_processing', 1
    WHERE NOT EXISTS (
        SELECT FROM billing.exclusion_rule r
        WHERE r.organization_id = %(organization_id)s AND r.automation = 'invoice_processing'
    )
    RETURNING rule_id, automation
)
INSERT INTO billing.exclusion_condition (rule_id, condition_number, automation, field, match_values)
SELECT rule_id, 1, automation, 'client_pays_by', ARRAY['self_pay'] FROM default_rule
RETURNING rule_id
