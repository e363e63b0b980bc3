-- read_prior_evaluations: when clients were last evaluated before a claim of an evaluation.
-- Called by: read.read_claim_frames, for claims with 90791 or 90792
-- Parameters: claim_ids, client_ids bigint[], service_ons date[] (of equal length)
-- Returns: one row per claim with an earlier evaluation: claim_id, prior_evaluation_on
-- Locks: none
-- Leaves out: evaluations of the same day and of void claims
SELECT w.claim_id, max(i.service_on) AS prior_evaluation_on
FROM unnest((SELECT %(claim_ids)s::bigint[]), (SELECT %(client_ids)s::bigint[]), (SELECT %(service_ons)s::date[]))
    AS w (claim_id, client_id, service_on)
JOIN billing.claim k ON k.client_id = w.client_id AND k.claim_status <> 'void'
JOIN billing.invoice i ON i.invoice_id = k.invoice_id AND i.service_on < w.service_on
JOIN billing.invoice_line n ON n.invoice_id = i.invoice_id AND n.procedure_code IN ('90791', '90792')
GROUP BY w.claim_id
