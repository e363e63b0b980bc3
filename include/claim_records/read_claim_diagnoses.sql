-- read_claim_diagnoses: the client's diagnoses in force on the service date, numbered without gaps, at most twelve.
-- Called by: read.read_claim_frames
-- Parameters: claim_ids bigint[]
-- Returns: one row per claim and rank in order of claim_id, rank; columns as claim_frames.DIAGNOSIS_COLUMNS
-- Locks: none
-- Leaves out: diagnoses beyond the twelfth
SELECT numbered.claim_id, numbered.rank, numbered.diagnosis_code
FROM (
    SELECT k.claim_id, row_number() OVER (PARTITION BY k.claim_id ORDER BY d.rank, d.starts_on) AS rank, d.diagnosis_code
    FROM unnest(%(claim_ids)s::bigint[]) AS wanted (claim_id)
    JOIN billing.claim k USING (claim_id)
    JOIN billing.invoice i ON i.invoice_id = k.invoice_id
    JOIN practice.diagnosis d ON d.client_id = k.client_id AND d.starts_on <= i.service_on
        AND (d.ends_on IS NULL OR d.ends_on >= i.service_on)
) numbered
WHERE numbered.rank <= 12
ORDER BY numbered.claim_id, numbered.rank
