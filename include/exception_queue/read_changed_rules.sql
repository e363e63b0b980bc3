-- read_changed_rules: which exclusion rules say something else than when a night last looked at them.
-- Called by: queue.read_queue, queue.read_queue_item
-- Parameters: organization_id bigint, rule_ids bigint[]
-- Returns: one row per rule that was changed after the newest attempt that was closed began: rule_id bigint
-- Locks: none
-- Leaves out: another place in the order, which changes no words; rules that no night has looked at
SELECT r.rule_id
FROM billing.exclusion_rule r
JOIN practice.organization o USING (organization_id)
CROSS JOIN LATERAL (
    SELECT max(a.opened_at) AS looked_at
    FROM billing.run n
    JOIN billing.run_attempt a USING (run_id)
    JOIN billing.run_organization ro ON ro.attempt_id = a.attempt_id AND ro.organization_id = o.organization_id
    WHERE n.automation = r.automation AND n.timezone = o.timezone AND a.closed_at IS NOT NULL AND ro.gate = 'ready'
) newest
WHERE r.rule_id = ANY(%(rule_ids)s::bigint[]) AND r.organization_id = %(organization_id)s
    AND EXISTS (
        SELECT FROM billing.history h
        WHERE h.subject IN ('exclusion_rule', 'exclusion_condition') AND h.subject_id = r.rule_id
            AND h.changed_at > newest.looked_at
            AND nullif(h.detail -> 'new', 'null') - '{position,version}'::text[]
                IS DISTINCT FROM nullif(h.detail -> 'old', 'null') - '{position,version}'::text[]
    )
