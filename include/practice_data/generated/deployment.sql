-- deployment: marks the database as a sample: it takes no real practices, and its nights may be run on their own dates.
-- Called by: include.practice_data.generate.
-- Parameters: organizations, appointments (kept per organization and night), clients, clinicians (per organization),
--   seed (int); night (date); timezone (text; NULL spreads the organizations over eight buckets).
-- Returns: nothing.
-- Locks: the rows it writes.
-- Leaves out: nothing.
UPDATE billing.deployment SET is_sample = true, clock = 'due_instant';
