-- What did the latest night do, per automation and bucket?
SELECT automation, timezone, night, sum(candidate_count) AS candidates, sum(advanced_count) AS advanced,
    sum(advanced_amount) AS dollars, sum(blocked_count) AS blocked, sum(scrub_error_count) AS held
FROM reporting.nightly_results
WHERE night = (SELECT max(night) FROM reporting.nightly_results)
GROUP BY automation, timezone, night
ORDER BY automation, timezone;

-- Which runs ended other than ok, or have not ended? (held_claims: billers have work; fault: data-ops have)
SELECT automation, timezone, night, attempt_count, opened_at, closed_at, outcome
FROM reporting.runs
WHERE outcome IS DISTINCT FROM 'ok'
ORDER BY night DESC, automation, timezone;

-- Why is work waiting, and how much of it?
SELECT automation, reason, detail_code, sum(item_count) AS items, min(opened_on) AS waiting_since
FROM reporting.decisions
WHERE is_open
GROUP BY automation, reason, detail_code
ORDER BY automation, items DESC, reason, detail_code;

-- Which items have waited longest, each for which reason?
SELECT organization_id, organization_name, step, item_id, reason, detail_code, rule_id, opened_on
FROM reporting.decisions
WHERE is_open AND item_id IS NOT NULL
ORDER BY opened_on, organization_id, step, item_id
LIMIT 50;

-- Why did one item stay, night by night? (here: the item with the longest story; put your own id)
SELECT step, item_id, opened_on, closed_on, reason, detail_code, rule_id
FROM reporting.decisions
WHERE (automation, item_id) = (
    SELECT automation, item_id FROM reporting.decisions WHERE item_id IS NOT NULL
    GROUP BY automation, item_id ORDER BY count(*) DESC, automation, item_id LIMIT 1
)
ORDER BY opened_on;

-- Which claims are held by which errors, and where is each corrected?
SELECT organization_name, claim_number, service_on, line_number, edit_code, message, fix_location, first_seen_on
FROM reporting.open_scrub_errors
WHERE severity = 'error'
ORDER BY organization_name, claim_number, line_number, edit_code;

-- Which edits hold the most dollars? (a claim with two errors counts under both)
SELECT edit_code, count(DISTINCT claim_id) AS claims, count(DISTINCT organization_id) AS organizations,
    sum(total_amount) AS dollars
FROM (
    SELECT DISTINCT edit_code, claim_id, organization_id, total_amount
    FROM reporting.open_scrub_errors WHERE severity = 'error'
) held
GROUP BY edit_code
ORDER BY dollars DESC, edit_code;

-- How many days pass between the service and the submission of its claim? (days of the organization's own calendar)
SELECT c.organization_id, c.organization_name, count(*) AS claims,
    round(avg((c.submitted_at AT TIME ZONE z.timezone)::date - c.service_on), 1) AS mean_days,
    max((c.submitted_at AT TIME ZONE z.timezone)::date - c.service_on) AS most_days
FROM reporting.claims c
JOIN (
    SELECT DISTINCT ON (organization_id) organization_id, timezone
    FROM reporting.nightly_results ORDER BY organization_id, night DESC
) z USING (organization_id)
WHERE c.submitted_at IS NOT NULL AND c.level = 'primary'
GROUP BY c.organization_id, c.organization_name
ORDER BY mean_days DESC, c.organization_id;

-- Which files left, with how many claims of how many organizations?
SELECT file_name, control_number, min(submitted_at) AS submitted_at, count(DISTINCT organization_id) AS organizations,
    count(*) AS claims, sum(total_amount) AS dollars
FROM reporting.claims
WHERE file_name IS NOT NULL
GROUP BY file_name, control_number
ORDER BY control_number;

-- What share of each organization's work moved by itself, by month?
SELECT organization_id, organization_name, automation, date_trunc('month', night)::date AS month,
    sum(advanced_count) AS advanced, sum(advanced_amount) AS dollars,
    sum(excluded_count) AS left_by_rules, sum(blocked_count + scrub_error_count) AS left_by_errors
FROM reporting.nightly_results
GROUP BY organization_id, organization_name, automation, date_trunc('month', night)
ORDER BY organization_id, automation, month;

-- How many clients have a claim, and how many claims has a client? (client_key: the same client, without a name)
SELECT organization_id, organization_name, count(DISTINCT client_key) AS clients, count(*) AS claims,
    round(count(*)::numeric / count(DISTINCT client_key), 2) AS claims_per_client
FROM reporting.claims
WHERE claim_status <> 'void'
GROUP BY organization_id, organization_name
ORDER BY organization_id;
