-- read_claims: claims as they would be sent now: client, coverage and provider data are read live.
-- Called by: read.read_claim_frames
-- Parameters: claim_ids bigint[]
-- Returns: one row per claim in order of organization_id, claim_id; columns as claim_frames.CLAIM_COLUMNS; money in cents
-- Locks: none
-- Leaves out: nothing
-- Coverage: the policy of the claim's level in force on the service date; when none is, the latest of that level, so
-- that the edits can say what is wrong with it.
SELECT k.claim_id, k.organization_id, k.claim_number, k.version, k.level, k.frequency_code, k.payer_claim_control_number,
    (k.total_amount * 100)::bigint AS total_charge_cents,
    coalesce(a.place_of_service_code, l.place_of_service_code) AS place_of_service_code,
    k.invoice_id, i.appointment_id,
    (
        SELECT o.claim_number
        FROM (
            -- Each half by an index of its own; one index over all invoices would cost every night.
            SELECT x.invoice_id FROM billing.invoice x
            WHERE x.appointment_id = i.appointment_id AND x.invoice_status <> 'void'
            UNION ALL
            SELECT x.invoice_id FROM billing.invoice x
            WHERE x.appointment_id = i.appointment_id AND x.invoice_status = 'void'
        ) oi
        JOIN billing.claim o ON o.invoice_id = oi.invoice_id
        WHERE oi.invoice_id <> i.invoice_id
            AND o.level = k.level AND o.claim_id < k.claim_id AND o.claim_status NOT IN ('void', 'rejected')
        ORDER BY o.claim_id
        LIMIT 1
    ) AS other_claim_number,
    b.billing_provider_id, CASE b.entity_type WHEN 'person' THEN '1' WHEN 'organization' THEN '2' END
        AS billing_entity_type,
    b.name AS billing_name, b.first_name AS billing_first_name, b.npi AS billing_npi, b.tax_id AS billing_tax_id,
    CASE b.tax_id_type WHEN 'employer' THEN 'EI' WHEN 'social_security' THEN 'SY' END AS billing_tax_id_type,
    b.taxonomy_code AS billing_taxonomy_code, b.address_1 AS billing_address_1, b.address_2 AS billing_address_2,
    b.city AS billing_city, b.state_code AS billing_state_code, b.postal_code AS billing_postal_code,
    b.phone AS billing_phone,
    r.staff_id AS rendering_staff_id, r.last_name AS rendering_last_name, r.first_name AS rendering_first_name,
    r.npi AS rendering_npi, r.taxonomy_code AS rendering_taxonomy_code,
    v.last_name AS supervising_last_name, v.first_name AS supervising_first_name, v.npi AS supervising_npi,
    l.location_id, l.name AS facility_name, l.npi AS facility_npi, l.address_1 AS facility_address_1,
    l.address_2 AS facility_address_2, l.city AS facility_city, l.state_code AS facility_state_code,
    l.postal_code AS facility_postal_code,
    c.client_id, c.last_name AS patient_last_name, c.first_name AS patient_first_name,
    c.middle_name AS patient_middle_name, c.birth_on AS patient_birth_on, c.sex AS patient_sex,
    c.address_1 AS patient_address_1, c.address_2 AS patient_address_2, c.city AS patient_city,
    c.state_code AS patient_state_code, c.postal_code AS patient_postal_code,
    p.policy_id, p.insurer_id, n.name AS payer_name, n.payer_code, n.claim_filing_code, p.member_id, p.group_number,
    p.relationship,
    nullif(p.starts_on, '-infinity') AS policy_starts_on, nullif(p.ends_on, 'infinity') AS policy_ends_on,
    coalesce(p.has_assignment_of_benefits, false) AS assignment_of_benefits,
    coalesce(p.has_release_of_information, false) AS release_of_information,
    CASE WHEN p.relationship = 'self' THEN c.last_name ELSE p.subscriber_last_name END AS subscriber_last_name,
    CASE WHEN p.relationship = 'self' THEN c.first_name ELSE p.subscriber_first_name END AS subscriber_first_name,
    CASE WHEN p.relationship = 'self' THEN c.middle_name ELSE p.subscriber_middle_name END AS subscriber_middle_name,
    CASE WHEN p.relationship = 'self' THEN c.birth_on ELSE p.subscriber_birth_on END AS subscriber_birth_on,
    CASE WHEN p.relationship = 'self' THEN c.sex ELSE p.subscriber_sex END AS subscriber_sex,
    CASE WHEN p.relationship = 'self' THEN c.address_1 ELSE p.subscriber_address_1 END AS subscriber_address_1,
    CASE WHEN p.relationship = 'self' THEN c.address_2 ELSE p.subscriber_address_2 END AS subscriber_address_2,
    CASE WHEN p.relationship = 'self' THEN c.city ELSE p.subscriber_city END AS subscriber_city,
    CASE WHEN p.relationship = 'self' THEN c.state_code ELSE p.subscriber_state_code END AS subscriber_state_code,
    CASE WHEN p.relationship = 'self' THEN c.postal_code ELSE p.subscriber_postal_code END AS subscriber_postal_code,
    (
        SELECT u.authorization_number
        FROM practice.prior_authorization u
        WHERE u.client_id = k.client_id AND u.insurer_id = p.insurer_id
            AND u.starts_on <= i.service_on AND (u.ends_on IS NULL OR u.ends_on >= i.service_on)
            AND (u.service_type_id IS NULL OR EXISTS (
                SELECT FROM billing.invoice_line x
                WHERE x.invoice_id = i.invoice_id AND x.service_type_id = u.service_type_id
            ))
        ORDER BY u.service_type_id NULLS LAST, u.starts_on DESC, u.prior_authorization_id
        LIMIT 1
    ) AS authorization_number
FROM unnest(%(claim_ids)s::bigint[]) AS wanted (claim_id)
JOIN billing.claim k USING (claim_id)
JOIN billing.invoice i ON i.invoice_id = k.invoice_id
JOIN practice.appointment a ON a.appointment_id = i.appointment_id
JOIN practice.location l ON l.location_id = i.location_id
JOIN practice.staff s ON s.staff_id = i.staff_id
JOIN practice.staff r ON r.staff_id = CASE WHEN s.is_billed_under_supervisor THEN s.supervisor_id ELSE s.staff_id END
LEFT JOIN practice.staff v ON v.staff_id = s.supervisor_id AND NOT s.is_billed_under_supervisor
JOIN practice.client c ON c.client_id = k.client_id
LEFT JOIN LATERAL (
    SELECT y.*
    FROM practice.policy y
    WHERE y.client_id = k.client_id AND y.level = k.level
    ORDER BY
        (y.starts_on IS NULL OR y.starts_on <= i.service_on) AND (y.ends_on IS NULL OR y.ends_on >= i.service_on) DESC,
        y.starts_on DESC NULLS LAST, y.policy_id
    LIMIT 1
) p ON true
LEFT JOIN practice.insurer n ON n.insurer_id = p.insurer_id
LEFT JOIN practice.billing_provider usual ON usual.organization_id = k.organization_id AND usual.is_default
LEFT JOIN practice.billing_provider b
    ON b.billing_provider_id = coalesce(n.billing_provider_id, usual.billing_provider_id)
ORDER BY k.organization_id, k.claim_id
