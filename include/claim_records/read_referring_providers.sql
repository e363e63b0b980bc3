-- read_referring_providers: who referred clients.
-- Called by: read.read_claim_frames
-- Parameters: referring_provider_ids bigint[]
-- Returns: one row per referring provider in order of referring_provider_id; entity_type as X12 code
-- Locks: none
-- Leaves out: nothing
SELECT r.referring_provider_id,
    CASE r.entity_type WHEN 'person' THEN '1' WHEN 'organization' THEN '2' END AS referring_entity_type,
    r.last_name AS referring_last_name, r.first_name AS referring_first_name, r.npi AS referring_npi
FROM practice.referring_provider r
WHERE r.referring_provider_id = ANY(ARRAY(SELECT unnest(%(referring_provider_ids)s::bigint[])))
ORDER BY r.referring_provider_id
