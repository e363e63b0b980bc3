-- find_organizations: who bills under an NPI.
-- Called by: adoption.choose_organizations
-- Parameters: npis text[]
-- Returns: one row per NPI that exactly one organization bills under: npi, organization_id
-- Locks: none
-- Leaves out: NPIs that several organizations share
SELECT b.npi, min(b.organization_id) AS organization_id
FROM practice.billing_provider b
WHERE b.npi = ANY(%(npis)s::text[])
GROUP BY b.npi
HAVING count(DISTINCT b.organization_id) = 1
