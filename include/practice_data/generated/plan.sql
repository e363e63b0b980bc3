-- plan: the one plan of the generated organizations, with every automation.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
WITH written AS (
    INSERT INTO practice.plan (plan_code, label) VALUES ('complete', 'Complete')
    ON CONFLICT (plan_code) DO NOTHING
)
INSERT INTO practice.plan_automation (plan_code, automation)
SELECT 'complete', automation FROM billing.automation
ON CONFLICT DO NOTHING;
