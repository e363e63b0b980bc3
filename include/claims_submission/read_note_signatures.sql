-- read_note_signatures: whether every progress note of an undecided claim is signed as its supervision asks.
-- Called by: rules.apply_rules
-- Parameters: attempt_id bigint, organization_ids bigint[]
-- Returns: one row per claim with a note: item_id, value boolean
-- Locks: none
-- Leaves out: claims without a note (they count as unsigned)
SELECT c.item_id,
    bool_and(n.provider_signed_at IS NOT NULL AND (s.supervision <> 'cosign' OR n.supervisor_signed_at IS NOT NULL))
        AS value
FROM billing.candidate c
JOIN billing.claim k ON k.claim_id = c.item_id
JOIN billing.invoice i ON i.invoice_id = k.invoice_id
JOIN practice.progress_note n ON n.appointment_id = i.appointment_id
JOIN practice.staff s ON s.staff_id = n.staff_id
WHERE c.attempt_id = %(attempt_id)s AND c.organization_id = ANY(%(organization_ids)s::bigint[]) AND c.reason IS NULL
GROUP BY c.item_id
