-- read_staff: the clinicians of organizations and their supervisors.
-- Called by: read.read_claim_frames
-- Parameters: organization_ids bigint[]
-- Returns: one row per staff member in order of staff_id; supervisor_id 0: not supervised
-- Locks: none
-- Leaves out: nothing
SELECT s.staff_id, s.last_name, s.first_name, s.npi, s.taxonomy_code, s.license_type,
    coalesce(s.supervisor_id, 0) AS supervisor_id, s.supervision = 'cosign' AS needs_cosignature,
    s.is_billed_under_supervisor
FROM practice.staff s
WHERE s.organization_id = ANY(ARRAY(SELECT unnest(%(organization_ids)s::bigint[])))
ORDER BY s.staff_id
