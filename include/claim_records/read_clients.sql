-- read_clients: who was treated.
-- Called by: read.read_claim_frames
-- Parameters: client_ids bigint[]
-- Returns: one row per client in order of client_id
-- Locks: none
-- Leaves out: nothing
SELECT c.client_id, c.last_name, c.first_name, c.middle_name, c.birth_on, c.sex, c.address_1, c.address_2, c.city,
    c.state_code, c.postal_code, c.referring_provider_id
FROM practice.client c
WHERE c.client_id = ANY(ARRAY(SELECT unnest(%(client_ids)s::bigint[])))
ORDER BY c.client_id
