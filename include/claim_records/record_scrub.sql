-- record_scrub: notes a scrub with the versions it used and what it counted.
-- Called by: scrub.scrub_claims
-- Parameters: attempt_id bigint, purpose, catalogue_version, reference_version text, claim_count, error_claim_count,
--   warning_claim_count, not_checked_count integer
-- Returns: scrub_id, one row
-- Locks: none
-- Leaves out: nothing
INSERT INTO billing.scrub (attempt_id, purpose, catalogue_version, reference_version, claim_count, error_claim_count,
    warning_claim_count, not_checked_count)
VALUES (%(attempt_id)s, %(purpose)s, %(catalogue_version)s, %(reference_version)s, %(claim_count)s,
    %(error_claim_count)s, %(warning_claim_count)s, %(not_checked_count)s)
RETURNING scrub_id
