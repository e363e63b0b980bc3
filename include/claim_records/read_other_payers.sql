-- read_other_payers: the insurers that come before the one a claim goes to, and what they decided.
-- Called by: read.read_claim_frames, for claims that are not primary
-- Parameters: claim_ids bigint[]
-- Returns: one row per claim and earlier level in order of claim_id, level; columns as claim_frames.OTHER_PAYER_COLUMNS;
--   money in cents
-- Locks: none
-- Leaves out: levels of which there is neither coverage on the service date nor a decision
-- The policy is the one the earlier claim was sent with; where there is no such claim, the one in force on the service
-- date. The decision is that on the live claim of the same invoice, level and part.
SELECT k.claim_id, l.level, p.policy_id, p.insurer_id, n.name AS payer_name, n.payer_code, n.claim_filing_code,
    p.member_id, p.group_number, p.relationship,
    coalesce(p.has_assignment_of_benefits, false) AS assignment_of_benefits,
    coalesce(p.has_release_of_information, false) AS release_of_information,
    CASE WHEN p.relationship = 'self' THEN c.last_name ELSE p.subscriber_last_name END AS subscriber_last_name,
    CASE WHEN p.relationship = 'self' THEN c.first_name ELSE p.subscriber_first_name END AS subscriber_first_name,
    CASE WHEN p.relationship = 'self' THEN c.middle_name ELSE p.subscriber_middle_name END AS subscriber_middle_name,
    CASE WHEN p.relationship = 'self' THEN c.address_1 ELSE p.subscriber_address_1 END AS subscriber_address_1,
    CASE WHEN p.relationship = 'self' THEN c.address_2 ELSE p.subscriber_address_2 END AS subscriber_address_2,
    CASE WHEN p.relationship = 'self' THEN c.city ELSE p.subscriber_city END AS subscriber_city,
    CASE WHEN p.relationship = 'self' THEN c.state_code ELSE p.subscriber_state_code END AS subscriber_state_code,
    CASE WHEN p.relationship = 'self' THEN c.postal_code ELSE p.subscriber_postal_code END AS subscriber_postal_code,
    d.payer_claim_control_number, d.adjudicated_on, (d.paid_amount * 100)::bigint AS paid_cents,
    coalesce(d.is_crossed_over, false) AS is_crossed_over
FROM unnest((SELECT %(claim_ids)s::bigint[])) AS wanted (claim_id)
JOIN billing.claim k USING (claim_id)
JOIN billing.invoice i ON i.invoice_id = k.invoice_id
JOIN practice.client c ON c.client_id = k.client_id
JOIN (VALUES ('primary'), ('secondary')) AS l (level) ON l.level < k.level
LEFT JOIN billing.claim o ON o.invoice_id = k.invoice_id AND o.level = l.level AND o.part = k.part
    AND o.claim_status <> 'void'
LEFT JOIN billing.claim_submission s ON s.claim_id = o.claim_id AND s.version = o.version
LEFT JOIN billing.adjudication d ON d.claim_id = o.claim_id AND d.withdrawn_at IS NULL
LEFT JOIN LATERAL (
    SELECT y.*
    FROM practice.policy y
    WHERE y.client_id = k.client_id AND (y.policy_id = s.policy_id OR s.policy_id IS NULL AND y.level = l.level
        AND (y.starts_on IS NULL OR y.starts_on <= i.service_on) AND (y.ends_on IS NULL OR y.ends_on >= i.service_on))
    ORDER BY y.starts_on DESC NULLS LAST, y.policy_id
    LIMIT 1
) p ON true
LEFT JOIN practice.insurer n ON n.insurer_id = p.insurer_id
WHERE p.policy_id IS NOT NULL OR d.adjudication_id IS NOT NULL
ORDER BY k.claim_id, l.level
