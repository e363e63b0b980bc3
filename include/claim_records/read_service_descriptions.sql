-- read_service_descriptions: what unlisted procedure codes stand for.
-- Called by: read.read_claim_frames
-- Parameters: organization_ids bigint[]
-- Returns: one row per service type with a description in order of service_type_id
-- Locks: none
-- Leaves out: service types without a description
SELECT t.service_type_id, t.description
FROM practice.service_type t
WHERE t.organization_id = ANY(ARRAY(SELECT unnest(%(organization_ids)s::bigint[]))) AND t.description IS NOT NULL
ORDER BY t.service_type_id
