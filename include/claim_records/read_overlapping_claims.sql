-- read_overlapping_claims: live claims of other sessions that the same clinician held at the same time.
-- Called by: read.read_claim_frames
-- Parameters: appointment_ids bigint[]
-- Returns: one row per appointment with such a claim: the oldest
-- Locks: none
-- Leaves out: sessions of more than eight hours that began long before
SELECT a.appointment_id,
    (array_agg(k.claim_number ORDER BY k.claim_id))[1] AS overlapping_claim_number
FROM practice.appointment a
JOIN practice.appointment o ON o.staff_id = a.staff_id AND o.starts_at < a.ends_at
    AND o.starts_at > a.starts_at - interval '8 hours' AND o.ends_at > a.starts_at
    AND o.appointment_id <> a.appointment_id
JOIN billing.invoice i ON i.appointment_id = o.appointment_id AND i.invoice_status <> 'void'
JOIN billing.claim k ON k.invoice_id = i.invoice_id AND k.claim_status <> 'void'
WHERE a.appointment_id = ANY(ARRAY(SELECT unnest(%(appointment_ids)s::bigint[])))
GROUP BY a.appointment_id
