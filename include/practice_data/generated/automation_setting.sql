-- automation_setting: the three nightly automations on since a week before the night.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
INSERT INTO billing.automation_setting (organization_id, automation, is_enabled, enabled_on)
SELECT g.organization_id, automation, true, %(night)s::date - 7
FROM practice.organization g
CROSS JOIN unnest(ARRAY['invoice_creation', 'invoice_processing', 'claims_submission']) AS automation;
