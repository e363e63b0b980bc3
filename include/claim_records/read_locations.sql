-- read_locations: where sessions were held.
-- Called by: read.read_claim_frames
-- Parameters: organization_ids bigint[]
-- Returns: one row per location in order of location_id
-- Locks: none
-- Leaves out: nothing
SELECT l.location_id, l.place_of_service_code, l.name AS facility_name, l.npi AS facility_npi,
    l.address_1 AS facility_address_1, l.address_2 AS facility_address_2, l.city AS facility_city,
    l.state_code AS facility_state_code, l.postal_code AS facility_postal_code
FROM practice.location l
WHERE l.organization_id = ANY(ARRAY(SELECT unnest(%(organization_ids)s::bigint[])))
ORDER BY l.location_id
