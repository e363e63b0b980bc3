-- has_rule_ever: whether an automation of an organization has, or ever had, an exclusion rule.
-- Called by: settings.gets_default_rule
-- Parameters: organization_id bigint, automation text
-- Returns: boolean, one row
-- Locks: none
-- Leaves out: nothing; deleted rules count
SELECT EXISTS (
    SELECT FROM billing.exclusion_rule r
    WHERE r.organization_id = %(organization_id)s AND r.automation = %(automation)s
)
