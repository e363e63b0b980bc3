-- raise_versions: brings claims to the version in which a file that left holds them, or past the number it has used up.
-- Called by: adoption.raise_versions
-- Parameters: claim_ids bigint[], versions integer[] (of equal length)
-- Returns: nothing
-- Locks: the claims
-- Leaves out: claims that are not waiting, sent or rejected; claims that have the version
UPDATE billing.claim k
SET version = x.version, claim_status = 'awaiting_submission'
FROM unnest(%(claim_ids)s::bigint[], %(versions)s::integer[]) AS x (claim_id, version)
WHERE k.claim_id = x.claim_id AND k.version < x.version
    AND k.claim_status IN ('awaiting_submission', 'submitted', 'accepted', 'rejected')
