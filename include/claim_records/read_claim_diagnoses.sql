-- read_claim_diagnoses: all diagnoses of clients; a claim takes those in force on its service date.
-- Called by: read.read_claim_frames
-- Parameters: client_ids bigint[]
-- Returns: one row per client, rank and period, in that order
-- Locks: none
-- Leaves out: nothing
SELECT d.client_id, d.rank, d.diagnosis_code, d.starts_on, nullif(d.ends_on, 'infinity') AS ends_on
FROM practice.diagnosis d
WHERE d.client_id = ANY(ARRAY(SELECT unnest(%(client_ids)s::bigint[])))
ORDER BY d.client_id, d.rank, d.starts_on
