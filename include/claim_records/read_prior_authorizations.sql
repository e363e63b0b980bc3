-- read_prior_authorizations: what insurers authorized for clients.
-- Called by: read.read_claim_frames
-- Parameters: client_ids bigint[]
-- Returns: one row per authorization in order of client_id; service_type_id 0: for every service
-- Locks: none
-- Leaves out: nothing
SELECT u.client_id, u.prior_authorization_id, u.insurer_id, coalesce(u.service_type_id, 0) AS service_type_id,
    u.authorization_number, u.starts_on, nullif(u.ends_on, 'infinity') AS ends_on, u.visit_limit
FROM practice.prior_authorization u
WHERE u.client_id = ANY(ARRAY(SELECT unnest(%(client_ids)s::bigint[])))
ORDER BY u.client_id, u.prior_authorization_id
