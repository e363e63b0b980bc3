-- assign_batches: deals the organizations that take part out to batches of about equal item count.
-- Called by: attempt.open_attempt
-- Parameters: attempt_id bigint, maximum_batches, items_per_batch, organizations_per_batch integer
-- Returns: nothing; writes batch_number 1, 2, …
-- Locks: the attempt's rows
-- Leaves out: organizations that do not take part
WITH ranked AS (
    SELECT ro.organization_id,
        row_number() OVER (ORDER BY ro.item_count DESC, ro.organization_id) - 1 AS place,
        least(
            %(maximum_batches)s::numeric,
            greatest(
                1,
                ceil(sum(ro.item_count) OVER () / %(items_per_batch)s::numeric),
                ceil(count(*) OVER () / %(organizations_per_batch)s::numeric)
            )
        )::integer AS batch_count
    FROM billing.run_organization ro
    WHERE ro.attempt_id = %(attempt_id)s AND ro.gate = 'ready'
)
UPDATE billing.run_organization ro
-- There and back again, so that the first batch does not get the largest of every round.
SET batch_number = 1 + CASE WHEN r.place / r.batch_count %% 2 = 0
    THEN r.place %% r.batch_count
    ELSE r.batch_count - 1 - r.place %% r.batch_count END
FROM ranked r
WHERE ro.attempt_id = %(attempt_id)s AND ro.organization_id = r.organization_id
