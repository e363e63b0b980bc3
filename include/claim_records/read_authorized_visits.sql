-- read_authorized_visits: how many live claims have used an authorization before a claim does.
-- Called by: read.read_claim_frames, for claims whose authorization has a limit
-- Parameters: claim_ids, client_ids bigint[], levels text[], service_ons date[] and, of the authorization, insurer_ids,
--   service_type_ids (0: every service) bigint[], starts_ons date[] (of equal length)
-- Returns: one row per claim: claim_id, visit_count
-- Locks: none
-- Leaves out: later sessions; later claims of the same day; further parts of a split claim
SELECT w.claim_id, count(o.claim_id) AS visit_count
FROM unnest((SELECT %(claim_ids)s::bigint[]), (SELECT %(client_ids)s::bigint[]), (SELECT %(levels)s::text[]),
    (SELECT %(service_ons)s::date[]), (SELECT %(insurer_ids)s::bigint[]), (SELECT %(service_type_ids)s::bigint[]),
    (SELECT %(starts_ons)s::date[]))
    AS w (claim_id, client_id, level, service_on, insurer_id, service_type_id, starts_on)
JOIN billing.claim o ON o.client_id = w.client_id AND o.claim_status <> 'void' AND o.level = w.level AND o.part = 1
    AND o.claim_id <> w.claim_id
JOIN billing.invoice i ON i.invoice_id = o.invoice_id AND i.service_on BETWEEN w.starts_on AND w.service_on
    AND (i.service_on < w.service_on OR o.claim_id < w.claim_id)
WHERE EXISTS (
        SELECT FROM practice.policy p
        WHERE p.client_id = w.client_id AND p.level = w.level AND p.insurer_id = w.insurer_id
            AND (p.starts_on IS NULL OR p.starts_on <= i.service_on)
            AND (p.ends_on IS NULL OR p.ends_on >= i.service_on)
    )
    AND (w.service_type_id = 0 OR EXISTS (
        SELECT FROM billing.invoice_line n
        WHERE n.invoice_id = o.invoice_id AND n.service_type_id = w.service_type_id
    ))
GROUP BY w.claim_id
