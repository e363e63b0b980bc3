-- read_policies: all policies of clients, those not in force included: the edits say what is wrong with them.
-- Called by: read.read_claim_frames
-- Parameters: client_ids bigint[]
-- Returns: one row per policy in order of client_id; a day without end is absent
-- Locks: none
-- Leaves out: nothing
SELECT p.client_id, p.policy_id, p.insurer_id, p.level, nullif(p.starts_on, '-infinity') AS starts_on,
    nullif(p.ends_on, 'infinity') AS ends_on, p.member_id, p.group_number, p.relationship,
    p.has_assignment_of_benefits AS assignment_of_benefits, p.has_release_of_information AS release_of_information,
    p.subscriber_last_name, p.subscriber_first_name, p.subscriber_middle_name, p.subscriber_birth_on, p.subscriber_sex,
    p.subscriber_address_1, p.subscriber_address_2, p.subscriber_city, p.subscriber_state_code, p.subscriber_postal_code
FROM practice.policy p
WHERE p.client_id = ANY(ARRAY(SELECT unnest(%(client_ids)s::bigint[])))
ORDER BY p.client_id, p.policy_id
