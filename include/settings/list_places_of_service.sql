-- list_places_of_service: the place of service codes in use: those of the locations and of the waiting claims.
-- Called by: values.list_values
-- Parameters: organization_id bigint, text text (part of the code), row_limit integer
-- Returns: one row per code, in order
-- Locks: none
-- Leaves out: what is not two digits: no rule can name it
SELECT DISTINCT p.place_of_service_code
FROM (
    SELECT l.place_of_service_code
    FROM practice.location l
    WHERE l.organization_id = %(organization_id)s
    UNION ALL
    SELECT a.place_of_service_code
    FROM billing.claim c
    JOIN billing.invoice i USING (invoice_id)
    JOIN practice.appointment a USING (appointment_id)
    WHERE c.organization_id = %(organization_id)s AND c.claim_status = 'awaiting_submission'
) p
WHERE p.place_of_service_code ~ '^[0-9]{2}$' AND strpos(p.place_of_service_code, %(text)s) > 0
ORDER BY p.place_of_service_code
LIMIT %(row_limit)s
