-- record_transaction_sets: one row per transaction set of a file.
-- Called by: store.store_interchange, adoption.adopt_file
-- Parameters: interchange_id bigint, transaction_numbers text[], organization_ids bigint[], batch_references text[],
--   claim_counts integer[] (of equal length)
-- Returns: nothing
-- Locks: none
-- Leaves out: nothing
INSERT INTO billing.transaction_set (interchange_id, transaction_number, organization_id, batch_reference, claim_count)
SELECT %(interchange_id)s, x.*
FROM unnest(%(transaction_numbers)s::text[], %(organization_ids)s::bigint[], %(batch_references)s::text[],
    %(claim_counts)s::integer[]) AS x
