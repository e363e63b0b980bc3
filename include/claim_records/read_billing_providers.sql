-- read_billing_providers: in whose name organizations bill.
-- Called by: read.read_claim_frames
-- Parameters: organization_ids bigint[]
-- Returns: one row per billing provider in order of billing_provider_id; entity_type and tax_id_type as X12 codes
-- Locks: none
-- Leaves out: nothing
SELECT b.billing_provider_id, b.organization_id, b.is_default,
    CASE b.entity_type WHEN 'person' THEN '1' WHEN 'organization' THEN '2' END AS billing_entity_type,
    b.name AS billing_name, b.first_name AS billing_first_name, b.npi AS billing_npi, b.tax_id AS billing_tax_id,
    CASE b.tax_id_type WHEN 'employer' THEN 'EI' WHEN 'social_security' THEN 'SY' END AS billing_tax_id_type,
    b.taxonomy_code AS billing_taxonomy_code, b.address_1 AS billing_address_1, b.address_2 AS billing_address_2,
    b.city AS billing_city, b.state_code AS billing_state_code, b.postal_code AS billing_postal_code,
    b.phone AS billing_phone, b.pay_to_address_1, b.pay_to_address_2, b.pay_to_city, b.pay_to_state_code,
    b.pay_to_postal_code
FROM practice.billing_provider b
WHERE b.organization_id = ANY(ARRAY(SELECT unnest(%(organization_ids)s::bigint[])))
ORDER BY b.billing_provider_id
