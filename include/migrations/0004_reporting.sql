-- 0004_reporting: the views analysts and the UI read. No patient data: ids, claim numbers, dates, codes, amounts.
-- Lock: creates only. Undo: drop the views.
-- A view changes only with an entry in CHANGELOG.md.

CREATE FUNCTION billing.client_key(of_client_id bigint) RETURNS text LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
    SELECT substr(encode(sha256(convert_to(d.client_key_salt || ':' || of_client_id, 'UTF8')), 'hex'), 1, 16)
    FROM billing.deployment d
$$;
COMMENT ON FUNCTION billing.client_key IS 'A stable pseudonym of a client for counting; not computable without the database''s salt.';

CREATE VIEW reporting.runs AS
SELECT r.run_id, r.automation, r.timezone, r.night, r.due_at, a.attempt_number AS attempt_count, a.airflow_run_id,
    f.opened_at AS first_opened_at, a.opened_at, a.closed_at, a.outcome, a.edit_catalogue_version
FROM billing.run r
JOIN LATERAL (
    SELECT x.* FROM billing.run_attempt x WHERE x.run_id = r.run_id ORDER BY x.attempt_number DESC LIMIT 1
) a ON true
JOIN LATERAL (SELECT min(x.opened_at) AS opened_at FROM billing.run_attempt x WHERE x.run_id = r.run_id) f ON true;
COMMENT ON VIEW reporting.runs IS 'Grain: one row per automation, bucket and night that ran, with its newest attempt. night is the bucket''s local date; instants are UTC.';
COMMENT ON COLUMN reporting.runs.outcome IS 'ok; held_claims: billers have work; fault: data-ops have work; absent: not closed.';

CREATE VIEW reporting.nightly_results AS
SELECT r.automation, r.timezone, r.night, n.organization_id, o.name AS organization_name, o.is_sample,
    n.advanced_count + n.waiting_count + n.before_start_count + n.on_hold_count + n.review_day_count + n.excluded_count
        + n.blocked_count + n.scrub_error_count + n.refused_count + n.left_to_another_run_count + n.step_failed_count
        AS candidate_count,
    n.advanced_count, n.advanced_amount, n.excluded_count, n.blocked_count, n.review_day_count, n.on_hold_count,
    n.before_start_count, n.scrub_error_count, n.refused_count, n.left_to_another_run_count, n.step_failed_count,
    n.waiting_count, n.run_id
FROM billing.nightly_result n
JOIN billing.run r USING (run_id)
JOIN practice.organization o USING (organization_id);
COMMENT ON VIEW reporting.nightly_results IS 'Grain: one row per automation, night and organization with items in the step: candidate_count = advanced_count + all that stayed, by reason. Amounts in dollars.';
COMMENT ON COLUMN reporting.nightly_results.waiting_count IS 'Items of an organization whose plan, switch or pause stops the automation.';

CREATE VIEW reporting.decisions AS
SELECT d.automation, d.organization_id, o.name AS organization_name, s.step, d.item_id, d.reason, d.detail_code,
    d.rule_id, d.item_count, d.opened_on, d.closed_on, d.closed_on IS NULL AS is_open
FROM billing.decision d
JOIN billing.automation s USING (automation)
JOIN practice.organization o USING (organization_id);
COMMENT ON VIEW reporting.decisions IS 'Grain: one row per item and interval of nights in which it stayed for one reason ("why not?"); plan, off and paused stand once per organization, with a count. item_id is an appointment, invoice or claim id as step says.';
COMMENT ON COLUMN reporting.decisions.closed_on IS 'First night on which the reason no longer held; absent: it still does.';

CREATE VIEW reporting.open_scrub_errors AS
SELECT f.organization_id, o.name AS organization_name, c.claim_id, c.claim_number, c.level, i.service_on,
    f.line_number, f.edit_code, f.severity,
    CASE WHEN f.line_number > 0 THEN replace(e.message, '{line_number}', f.line_number::text) ELSE e.message END AS message,
    e.fix_location, f.first_seen_on, f.last_seen_on, c.total_amount,
    billing.client_key(c.client_id) AS client_key
FROM billing.finding f
JOIN billing.claim c USING (claim_id)
JOIN billing.invoice i USING (invoice_id)
JOIN practice.organization o ON o.organization_id = f.organization_id
LEFT JOIN billing.edit e USING (edit_code)
WHERE f.resolved_on IS NULL AND c.claim_status = 'awaiting_submission';
COMMENT ON VIEW reporting.open_scrub_errors IS 'Grain: one row per finding that stands on a claim awaiting submission, warnings included; the value found is on the settings page only.';

CREATE VIEW reporting.claims AS
SELECT c.claim_id, c.claim_number, c.version, c.organization_id, o.name AS organization_name, c.level, c.claim_status,
    i.service_on, i.invoice_on, c.entered_step_on, c.submitted_at, c.total_amount, c.frequency_code, s.insurer_id,
    x.file_name, x.control_number, s.transaction_number, billing.client_key(c.client_id) AS client_key, o.is_sample
FROM billing.claim c
JOIN billing.invoice i USING (invoice_id)
JOIN practice.organization o ON o.organization_id = c.organization_id
LEFT JOIN billing.claim_submission s ON s.claim_id = c.claim_id AND s.version = c.version
LEFT JOIN billing.interchange x USING (interchange_id);
COMMENT ON VIEW reporting.claims IS 'Grain: one row per claim, with the file that carried its newest version. Days are the organization''s local dates, submitted_at is UTC, amounts are dollars.';
COMMENT ON COLUMN reporting.claims.client_key IS 'Pseudonym of the client, the same in every view of this database.';
COMMENT ON COLUMN reporting.open_scrub_errors.client_key IS 'Pseudonym of the client, the same in every view of this database.';
COMMENT ON COLUMN reporting.nightly_results.candidate_count IS 'Items in the step when the run looked at them.';
COMMENT ON COLUMN reporting.runs.attempt_count IS 'How often the night was run.';
