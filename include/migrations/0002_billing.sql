-- 0002_billing: settings, runs, invoices, claims, findings, outbox, decisions, history.
-- Lock: creates only. Undo: drop the tables of schema billing (on an empty database).
-- The constraints here, not the code, make doing twice impossible; docs/decisions/0003 says which foreign keys the hot
-- tables keep and why.

CREATE TABLE billing.deployment (
    is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
    is_sample boolean NOT NULL DEFAULT false,
    clock text NOT NULL DEFAULT 'database' CHECK (clock IN ('database', 'due_instant')),
    is_sending_enabled boolean NOT NULL DEFAULT true,
    client_key_salt text NOT NULL DEFAULT gen_random_uuid()::text,
    CHECK (clock = 'database' OR is_sample)
);
COMMENT ON TABLE billing.deployment IS 'Grain: one row, this database. is_sending_enabled is the one switch that stops all sending.';
COMMENT ON COLUMN billing.deployment.clock IS 'database: the writing transaction''s own time. due_instant: each run sees the instant at which its night fell due; only a sample database may say so.';
COMMENT ON COLUMN billing.deployment.client_key_salt IS 'Makes the client key of the reporting views impossible to compute from an id; random per database.';
INSERT INTO billing.deployment DEFAULT VALUES;

CREATE FUNCTION billing.clock() RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN d.clock = 'due_instant'
            THEN coalesce(nullif(current_setting('billing.simulated_now', true), '')::timestamptz, now())
        ELSE now()
    END
    FROM billing.deployment d
$$;
COMMENT ON FUNCTION billing.clock() IS 'The instant that counts as now: the transaction''s start, or in a sample database the setting billing.simulated_now.';

CREATE FUNCTION billing.billing_day(instant timestamptz, timezone text) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT ((instant AT TIME ZONE timezone) - interval '12 hours')::date
$$;
COMMENT ON FUNCTION billing.billing_day IS 'The local date on which an item enters its step when a run writes it: a billing day runs from noon to noon, wall clock.';

CREATE FUNCTION billing.actor() RETURNS text LANGUAGE sql STABLE AS $$
    -- Not current_user: inside the functions of work by hand that is the owner.
    SELECT coalesce(nullif(current_setting('billing.actor', true), ''), nullif(current_setting('role'), 'none'),
        session_user)
$$;
COMMENT ON FUNCTION billing.actor() IS 'Who acts: the setting billing.actor (a login name, never a patient''s), else the database role.';

CREATE TABLE billing.history (
    history_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    subject text NOT NULL,
    subject_id bigint NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}',
    changed_by text NOT NULL DEFAULT billing.actor(),
    changed_at timestamptz NOT NULL DEFAULT billing.clock()
);
COMMENT ON TABLE billing.history IS 'Grain: one row per change of a setting, rule, hold or status (organization_id 0: of the whole deployment). Append-only by privilege. No patient data: ids, codes and old and new values of settings.';
COMMENT ON COLUMN billing.history.subject IS 'What changed: automation_setting, exclusion_rule, invoice, claim, deployment …';
COMMENT ON COLUMN billing.history.action IS 'The new status, or what was done.';
COMMENT ON COLUMN billing.history.detail IS 'Old and new values of settings; ids and codes of everything else.';
CREATE INDEX history_by_subject ON billing.history (subject, subject_id);

CREATE FUNCTION billing.record_deployment_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (0, 'deployment', 0, CASE WHEN NEW.is_sending_enabled THEN 'sending enabled' ELSE 'sending stopped' END, '{}');
    RETURN NULL;
END
$$;
CREATE TRIGGER record_deployment_change AFTER UPDATE OF is_sending_enabled ON billing.deployment
    FOR EACH ROW WHEN (OLD.is_sending_enabled <> NEW.is_sending_enabled)
    EXECUTE FUNCTION billing.record_deployment_change();

CREATE TABLE billing.automation (
    automation text PRIMARY KEY,
    label text NOT NULL,
    step text NOT NULL
);
COMMENT ON TABLE billing.automation IS 'Grain: one row per automation; step is what its items are.';
COMMENT ON COLUMN billing.automation.step IS 'What an item is: appointment, invoice, claim, remittance.';
INSERT INTO billing.automation VALUES
    ('invoice_creation', 'Invoice Creation', 'appointment'),
    ('invoice_processing', 'Invoice Processing', 'invoice'),
    ('claims_submission', 'Claims Submission', 'claim'),
    ('era_processing', 'ERA Processing', 'remittance');

CREATE TABLE billing.automation_setting (
    organization_id bigint NOT NULL REFERENCES practice.organization,
    automation text NOT NULL REFERENCES billing.automation,
    is_enabled boolean NOT NULL,
    enabled_on date,
    includes_earlier boolean NOT NULL DEFAULT false,
    paused_until date,
    version integer NOT NULL DEFAULT 1,
    changed_by text NOT NULL DEFAULT billing.actor(),
    changed_at timestamptz NOT NULL DEFAULT billing.clock(),
    PRIMARY KEY (organization_id, automation),
    CHECK (NOT is_enabled OR enabled_on IS NOT NULL)
);
COMMENT ON TABLE billing.automation_setting IS 'Grain: one row per organization and automation that was ever switched.';
COMMENT ON COLUMN billing.automation_setting.enabled_on IS 'Local date of the latest off to on; a pause or a lost plan keeps it.';
COMMENT ON COLUMN billing.automation_setting.includes_earlier IS 'True: what waited before enabled_on is taken too.';
COMMENT ON COLUMN billing.automation_setting.paused_until IS 'Nights before this date are left out; the automation resumes by itself.';

CREATE TABLE billing.exclusion_field (
    automation text NOT NULL REFERENCES billing.automation,
    field text NOT NULL,
    is_documented boolean NOT NULL,
    PRIMARY KEY (automation, field)
);
COMMENT ON TABLE billing.exclusion_field IS 'Grain: one row per automation and field that its exclusion rules may name; equal to the plugin''s list.';
INSERT INTO billing.exclusion_field (automation, field, is_documented)
SELECT automation, field, true FROM (VALUES
    ('invoice_creation', ARRAY['primary_insurer', 'client_pays_by', 'appointment_staff', 'service_type',
        'appointment_date', 'appointment_date_range', 'progress_note_signed']),
    ('invoice_processing', ARRAY['primary_insurer', 'claim_level', 'client_pays_by', 'rendering_provider', 'service_type',
        'invoice_date', 'invoice_date_range', 'progress_note_signed']),
    ('claims_submission', ARRAY['primary_insurer', 'secondary_insurer', 'claim_level', 'rendering_provider',
        'billing_provider', 'service_type', 'place_of_service', 'modifier', 'service_date', 'service_date_range',
        'progress_note_signed'])
) AS documented (automation, fields), unnest(fields) AS field
UNION ALL
SELECT automation, field, false
FROM unnest(ARRAY['invoice_creation', 'invoice_processing', 'claims_submission']) AS automation,
    unnest(ARRAY['location', 'client', 'weekday']) AS field;

CREATE TABLE billing.exclusion_rule (
    rule_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    automation text NOT NULL REFERENCES billing.automation,
    position integer NOT NULL,
    version integer NOT NULL DEFAULT 1,
    deleted_at timestamptz,
    UNIQUE (rule_id, automation)
);
COMMENT ON TABLE billing.exclusion_rule IS 'Grain: one row per exclusion rule; the first that matches in order of position, rule_id is the one recorded.';
CREATE INDEX exclusion_rule_live ON billing.exclusion_rule (automation, organization_id) WHERE deleted_at IS NULL;

CREATE TABLE billing.exclusion_condition (
    rule_id bigint NOT NULL,
    condition_number smallint NOT NULL CHECK (condition_number > 0),
    automation text NOT NULL,
    field text NOT NULL,
    match_values text[] NOT NULL CHECK (cardinality(match_values) > 0 AND array_position(match_values, NULL) IS NULL),
    PRIMARY KEY (rule_id, condition_number),
    FOREIGN KEY (rule_id, automation) REFERENCES billing.exclusion_rule (rule_id, automation) ON DELETE CASCADE,
    FOREIGN KEY (automation, field) REFERENCES billing.exclusion_field
);
COMMENT ON TABLE billing.exclusion_condition IS 'Grain: one row per condition "When (field) Equals (any of the values)"; all of a rule must hold.';
COMMENT ON COLUMN billing.exclusion_condition.match_values IS 'Ids and codes as text, dates as 2026-11-02, ranges as 2026-11-02/2026-11-09 with .. for an open end, yes or no.';

CREATE FUNCTION billing.refuse_rule_without_condition() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked_id bigint := CASE WHEN TG_OP = 'DELETE' THEN OLD.rule_id ELSE NEW.rule_id END;
BEGIN
    IF EXISTS (SELECT FROM billing.exclusion_rule r WHERE r.rule_id = checked_id AND r.deleted_at IS NULL)
        AND NOT EXISTS (SELECT FROM billing.exclusion_condition c WHERE c.rule_id = checked_id) THEN
        RAISE EXCEPTION 'exclusion rule % has no condition: add one, or delete the rule', checked_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER rule_has_condition AFTER INSERT OR UPDATE ON billing.exclusion_rule
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing.refuse_rule_without_condition();
CREATE CONSTRAINT TRIGGER rule_keeps_condition AFTER DELETE OR UPDATE ON billing.exclusion_condition
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing.refuse_rule_without_condition();

CREATE FUNCTION billing.record_setting_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT NEW.organization_id, 'automation_setting', NEW.organization_id, lower(TG_OP),
        jsonb_build_object('automation', NEW.automation, 'new', to_jsonb(NEW) - 'organization_id' - 'automation',
            'old', CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) - 'organization_id' - 'automation' END)
    WHERE TG_OP = 'INSERT' OR to_jsonb(OLD) IS DISTINCT FROM to_jsonb(NEW);
    RETURN NULL;
END
$$;
CREATE TRIGGER record_setting_change AFTER INSERT OR UPDATE ON billing.automation_setting
    FOR EACH ROW EXECUTE FUNCTION billing.record_setting_change();

CREATE FUNCTION billing.record_rule_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed jsonb := CASE WHEN TG_OP = 'DELETE' THEN to_jsonb(OLD) ELSE to_jsonb(NEW) END;
BEGIN
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT r.organization_id, TG_TABLE_NAME, r.rule_id, lower(TG_OP),
        jsonb_build_object('new', CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END,
            'old', CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END)
    FROM billing.exclusion_rule r
    WHERE r.rule_id = (changed ->> 'rule_id')::bigint;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_rule_change AFTER INSERT OR UPDATE ON billing.exclusion_rule
    FOR EACH ROW EXECUTE FUNCTION billing.record_rule_change();
CREATE TRIGGER record_condition_change AFTER INSERT OR UPDATE OR DELETE ON billing.exclusion_condition
    FOR EACH ROW EXECUTE FUNCTION billing.record_rule_change();

CREATE TABLE billing.run (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    automation text NOT NULL REFERENCES billing.automation,
    timezone text NOT NULL REFERENCES practice.timezone_bucket,
    night date NOT NULL,
    due_at timestamptz NOT NULL,
    UNIQUE (automation, timezone, night)
);
COMMENT ON TABLE billing.run IS 'Grain: one row per automation, bucket and night.';
COMMENT ON COLUMN billing.run.night IS 'The bucket''s local date on which the run falls due.';

CREATE TABLE billing.run_attempt (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    run_id bigint NOT NULL REFERENCES billing.run,
    attempt_number integer NOT NULL,
    airflow_run_id text NOT NULL,
    airflow_try_number integer NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    outcome text CHECK (outcome IN ('ok', 'held_claims', 'fault')),
    edit_catalogue_version text,
    UNIQUE (run_id, attempt_number),
    UNIQUE (run_id, airflow_run_id, airflow_try_number),
    CHECK ((closed_at IS NULL) = (outcome IS NULL))
);
COMMENT ON TABLE billing.run_attempt IS 'Grain: one row per try at a run. Wall-clock times, also in a sample database.';
COMMENT ON COLUMN billing.run_attempt.edit_catalogue_version IS 'Which edits, in which versions, scrubbed (docs/scrubber_edits.md).';
COMMENT ON COLUMN billing.run_attempt.outcome IS 'ok, held_claims (a person has work), fault (data-ops have work).';

CREATE TABLE billing.run_organization (
    attempt_id bigint NOT NULL REFERENCES billing.run_attempt,
    organization_id bigint NOT NULL,
    batch_number smallint,
    gate text NOT NULL CHECK (gate IN ('ready', 'plan', 'off', 'paused')),
    start_on date,
    item_count bigint NOT NULL,
    candidate_count integer,
    rules_applied_at timestamptz,
    finished_at timestamptz,
    failed_step text,
    failed_code text,
    PRIMARY KEY (attempt_id, organization_id),
    CHECK ((gate = 'ready') = (batch_number IS NOT NULL))
);
COMMENT ON TABLE billing.run_organization IS 'Grain: one row per attempt and organization of the bucket, with the setting as it stood when the run opened.';
COMMENT ON COLUMN billing.run_organization.start_on IS 'Items from this date on are taken; absent: all.';
COMMENT ON COLUMN billing.run_organization.item_count IS 'Items in the step when the run opened; balances the batches.';
COMMENT ON COLUMN billing.run_organization.candidate_count IS 'Rows the selection froze in billing.candidate; fewer there later means that a crash emptied it.';
COMMENT ON COLUMN billing.run_organization.rules_applied_at IS 'When exclusion rules decided on the frozen rows; freezing them anew forgets it.';
COMMENT ON COLUMN billing.run_organization.finished_at IS 'When the last step of the attempt that writes was done with this organization.';
COMMENT ON COLUMN billing.run_organization.failed_code IS 'SQLSTATE or name of the error that stopped this organization''s step; the text stays out, it may hold data.';
CREATE INDEX run_organization_by_batch ON billing.run_organization (attempt_id, batch_number);

CREATE TABLE billing.work_lock (
    organization_id bigint NOT NULL,
    automation text NOT NULL,
    PRIMARY KEY (organization_id, automation)
);
COMMENT ON TABLE billing.work_lock IS 'Grain: one row per organization and automation; a step holds its rows while it writes, so that two runs never work on one organization at once.';

CREATE UNLOGGED TABLE billing.candidate (
    attempt_id bigint NOT NULL,
    organization_id bigint NOT NULL,
    item_id bigint NOT NULL,
    new_id bigint,
    reason text,
    detail_code text,
    rule_id bigint,
    blocked_code text,
    client_id bigint,
    staff_id bigint,
    location_id bigint,
    billing_provider_id bigint,
    service_on date,
    invoice_on date,
    primary_insurer_id bigint,
    secondary_insurer_id bigint,
    level text,
    pays_by text,
    place_of_service_code text
);
COMMENT ON TABLE billing.candidate IS 'Grain: one row per attempt and item in the step; frozen once, decided on, acted on. Emptied when the attempt closes; a server crash empties it, which the steps notice.';
COMMENT ON COLUMN billing.candidate.item_id IS 'appointment_id, invoice_id or claim_id, by automation.';
COMMENT ON COLUMN billing.candidate.new_id IS 'Id of the invoice or claim to be made.';
COMMENT ON COLUMN billing.candidate.blocked_code IS 'What is missing to build it; becomes the reason when no earlier one applies.';
COMMENT ON COLUMN billing.candidate.reason IS 'Why the item stays; absent: it advances.';
CREATE INDEX candidate_by_item ON billing.candidate (attempt_id, organization_id, item_id);

CREATE FUNCTION billing.analyze_candidates() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    ANALYZE billing.candidate, billing.run_organization;
END
$$;
COMMENT ON FUNCTION billing.analyze_candidates() IS 'Refreshes the planner''s figures of the work table; the pipeline''s role may not do so itself before PostgreSQL 17.';

CREATE TABLE billing.invoice (
    invoice_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    appointment_id bigint NOT NULL,
    client_id bigint NOT NULL,
    staff_id bigint NOT NULL,
    location_id bigint NOT NULL,
    service_on date NOT NULL,
    invoice_on date NOT NULL,
    entered_step_on date NOT NULL,
    invoice_status text NOT NULL DEFAULT 'open' CHECK (invoice_status IN ('open', 'void')),
    total_amount numeric(12, 2) NOT NULL,
    confirmed_at timestamptz,
    created_run_id bigint,
    created_by text NOT NULL DEFAULT billing.actor(),
    created_at timestamptz NOT NULL DEFAULT billing.clock()
);
COMMENT ON TABLE billing.invoice IS 'Grain: one row per invoice; at most one live one per appointment. Lines and amounts are frozen when it is made.';
COMMENT ON COLUMN billing.invoice.service_on IS 'Local date of the appointment''s start.';
COMMENT ON COLUMN billing.invoice.invoice_on IS 'Night of the creating run, or the date typed by hand.';
COMMENT ON COLUMN billing.invoice.entered_step_on IS 'Local date on which the review day counts from (billing.billing_day).';
COMMENT ON COLUMN billing.invoice.confirmed_at IS 'When a person confirmed the invoice although its appointment had changed.';
COMMENT ON COLUMN billing.invoice.created_run_id IS 'The run that made it; absent: a person did.';
CREATE UNIQUE INDEX invoice_live_once ON billing.invoice (appointment_id) WHERE invoice_status <> 'void';
CREATE INDEX invoice_void ON billing.invoice (appointment_id) WHERE invoice_status = 'void';
CREATE INDEX invoice_open ON billing.invoice (organization_id, invoice_on) WHERE invoice_status = 'open';
CREATE INDEX invoice_by_run ON billing.invoice (created_run_id);

CREATE TABLE billing.invoice_line (
    invoice_id bigint NOT NULL REFERENCES billing.invoice,
    line_number smallint NOT NULL,
    service_type_id bigint NOT NULL,
    procedure_code text,
    modifier_1 text,
    modifier_2 text,
    modifier_3 text,
    modifier_4 text,
    unit_count integer NOT NULL,
    rate_amount numeric(12, 2) NOT NULL,
    charge_amount numeric(12, 2) NOT NULL,
    PRIMARY KEY (invoice_id, line_number)
);
COMMENT ON TABLE billing.invoice_line IS 'Grain: one row per service of an invoice. charge_amount = unit_count x rate_amount, dollars.';

CREATE TABLE billing.claim (
    claim_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    invoice_id bigint NOT NULL REFERENCES billing.invoice,
    client_id bigint NOT NULL,
    level text NOT NULL CHECK (level IN ('primary', 'secondary', 'tertiary')),
    part smallint NOT NULL DEFAULT 1,
    version smallint NOT NULL DEFAULT 1,
    claim_number text NOT NULL GENERATED ALWAYS AS ('C' || claim_id::text || 'V' || version::text) STORED,
    claim_status text NOT NULL DEFAULT 'awaiting_submission' CHECK (claim_status IN
        ('awaiting_submission', 'submitted', 'accepted', 'rejected', 'paid', 'denied', 'void')),
    frequency_code text NOT NULL DEFAULT '1' CHECK (frequency_code IN ('1', '7', '8')),
    payer_claim_control_number text,
    total_amount numeric(12, 2) NOT NULL,
    entered_step_on date NOT NULL,
    entered_step_at timestamptz NOT NULL DEFAULT billing.clock(),
    created_run_id bigint,
    created_by text NOT NULL DEFAULT billing.actor(),
    submitted_at timestamptz,
    CHECK ((claim_status IN ('awaiting_submission', 'void')) OR submitted_at IS NOT NULL)
);
COMMENT ON TABLE billing.claim IS 'Grain: one row per invoice, level and part. Its lines are the invoice''s; client, coverage and provider data are read live until its file is built.';
COMMENT ON COLUMN billing.claim.claim_number IS 'CLM01, the number that comes back in acknowledgments and remittances; at most 17 characters.';
COMMENT ON COLUMN billing.claim.version IS 'Counts up when a corrected claim is to be sent again.';
COMMENT ON COLUMN billing.claim.frequency_code IS 'CLM05-3: 1 original, 7 replacement, 8 void.';
COMMENT ON COLUMN billing.claim.part IS 'Parts after the first hold the lines beyond the fiftieth.';
COMMENT ON COLUMN billing.claim.entered_step_on IS 'Local date on which it came to Awaiting Submission.';
COMMENT ON COLUMN billing.claim.submitted_at IS 'When the file with its newest version was delivered.';
CREATE UNIQUE INDEX claim_live_once ON billing.claim (invoice_id, level, part) WHERE claim_status <> 'void';
CREATE INDEX claim_awaiting ON billing.claim (organization_id) WHERE claim_status = 'awaiting_submission';
CREATE INDEX claim_by_run ON billing.claim (created_run_id);
CREATE INDEX claim_by_client ON billing.claim (client_id) WHERE claim_status <> 'void';

CREATE FUNCTION billing.record_claim_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT n.organization_id, 'claim', n.claim_id, n.claim_status,
        jsonb_build_object('old', o.claim_status, 'version', n.version)
    FROM changed_to n
    JOIN changed_from o USING (claim_id)
    WHERE n.claim_status <> o.claim_status OR n.version <> o.version
    ORDER BY n.claim_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_claim_status AFTER UPDATE ON billing.claim
    REFERENCING OLD TABLE AS changed_from NEW TABLE AS changed_to
    FOR EACH STATEMENT EXECUTE FUNCTION billing.record_claim_status();

CREATE FUNCTION billing.record_invoice_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT n.organization_id, 'invoice', n.invoice_id,
        CASE WHEN n.invoice_status <> o.invoice_status THEN n.invoice_status ELSE 'confirmed' END,
        jsonb_build_object('old', o.invoice_status)
    FROM changed_to n
    JOIN changed_from o USING (invoice_id)
    WHERE n.invoice_status <> o.invoice_status OR n.confirmed_at IS DISTINCT FROM o.confirmed_at
    ORDER BY n.invoice_id;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_invoice_status AFTER UPDATE ON billing.invoice
    REFERENCING OLD TABLE AS changed_from NEW TABLE AS changed_to
    FOR EACH STATEMENT EXECUTE FUNCTION billing.record_invoice_status();

CREATE FUNCTION billing.touch_invoiced_appointment() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    UPDATE practice.appointment a SET updated_at = clock_timestamp()
    WHERE a.appointment_id IN (SELECT c.appointment_id FROM changed c)
        AND EXISTS (
            SELECT FROM billing.invoice i WHERE i.appointment_id = a.appointment_id AND i.invoice_status <> 'void'
        );
    RETURN NULL;
END
$$;
CREATE TRIGGER touch_on_insert AFTER INSERT ON practice.appointment_service
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing.touch_invoiced_appointment();
CREATE TRIGGER touch_on_update AFTER UPDATE ON practice.appointment_service
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing.touch_invoiced_appointment();
CREATE TRIGGER touch_on_delete AFTER DELETE ON practice.appointment_service
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION billing.touch_invoiced_appointment();

CREATE FUNCTION billing.touch_appointment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.updated_at = OLD.updated_at THEN
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER touch_appointment BEFORE UPDATE ON practice.appointment
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION billing.touch_appointment();

CREATE TABLE billing.hold (
    hold_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    automation text NOT NULL REFERENCES billing.automation,
    item_id bigint NOT NULL,
    hold_until date,
    reason text NOT NULL CHECK (reason <> ''),
    held_by text NOT NULL DEFAULT billing.actor(),
    held_at timestamptz NOT NULL DEFAULT billing.clock(),
    lifted_by text,
    lifted_at timestamptz
);
COMMENT ON TABLE billing.hold IS 'Grain: one row per hold a person put on an item.';
COMMENT ON COLUMN billing.hold.hold_until IS 'A run of that night may advance the item; absent: until lifted.';
CREATE UNIQUE INDEX hold_open_once ON billing.hold (automation, item_id) WHERE lifted_at IS NULL;

CREATE TABLE billing.release (
    release_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    automation text NOT NULL REFERENCES billing.automation,
    item_id bigint NOT NULL,
    ignores_rules boolean NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    released_by text NOT NULL DEFAULT billing.actor(),
    released_at timestamptz NOT NULL DEFAULT billing.clock(),
    withdrawn_at timestamptz
);
COMMENT ON TABLE billing.release IS 'Grain: one row per item that a person let go before its review day was over, or in spite of an exclusion rule (ignores_rules).';
CREATE UNIQUE INDEX release_open_once ON billing.release (automation, item_id) WHERE withdrawn_at IS NULL;

CREATE TABLE billing.decision (
    decision_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    automation text NOT NULL,
    item_id bigint,
    reason text NOT NULL CHECK (reason IN ('plan', 'off', 'paused', 'before_start', 'on_hold', 'review_day', 'excluded',
        'blocked', 'scrub_error', 'refused_by_validator', 'left_to_another_run', 'step_failed')),
    detail_code text,
    rule_id bigint,
    item_count bigint NOT NULL DEFAULT 1,
    opened_on date NOT NULL,
    closed_on date,
    CHECK (closed_on >= opened_on),
    CHECK ((item_id IS NULL) = (reason IN ('plan', 'off', 'paused'))),
    CHECK ((reason = 'excluded') = (rule_id IS NOT NULL)),
    CHECK (reason <> 'blocked' OR detail_code IS NOT NULL)
);
COMMENT ON TABLE billing.decision IS 'Grain: one row per item (or per organization: plan, off, paused) and interval of nights in which it was left where it is for one reason.';
COMMENT ON COLUMN billing.decision.reason IS 'Exactly one, the first that applies in the order of the check.';
COMMENT ON COLUMN billing.decision.detail_code IS 'What is missing (blocked), which step and code (step_failed), which fault (refused_by_validator); never data.';
COMMENT ON COLUMN billing.decision.rule_id IS 'The first exclusion rule that matched.';
COMMENT ON COLUMN billing.decision.opened_on IS 'First night of the interval.';
COMMENT ON COLUMN billing.decision.closed_on IS 'First night no longer in the interval; absent: it stands.';
COMMENT ON COLUMN billing.decision.item_count IS 'Items the row stands for; more than one only for plan, off, paused.';
CREATE UNIQUE INDEX decision_open_once ON billing.decision (automation, item_id)
    WHERE closed_on IS NULL AND item_id IS NOT NULL;
CREATE UNIQUE INDEX decision_open_once_per_organization ON billing.decision (automation, organization_id)
    WHERE closed_on IS NULL AND item_id IS NULL;
CREATE INDEX decision_by_item ON billing.decision (automation, item_id, opened_on);
CREATE INDEX decision_by_organization ON billing.decision (automation, organization_id, opened_on);

CREATE TABLE billing.nightly_result (
    run_id bigint NOT NULL REFERENCES billing.run,
    organization_id bigint NOT NULL,
    advanced_count integer NOT NULL,
    advanced_amount numeric(14, 2) NOT NULL,
    waiting_count integer NOT NULL,
    before_start_count integer NOT NULL,
    on_hold_count integer NOT NULL,
    review_day_count integer NOT NULL,
    excluded_count integer NOT NULL,
    blocked_count integer NOT NULL,
    scrub_error_count integer NOT NULL,
    refused_count integer NOT NULL,
    left_to_another_run_count integer NOT NULL,
    step_failed_count integer NOT NULL,
    PRIMARY KEY (run_id, organization_id)
);
COMMENT ON TABLE billing.nightly_result IS 'Grain: one row per run and organization that had items in the step. Counted from items and decisions each time an attempt closes; a re-run never lowers what an earlier attempt advanced.';
COMMENT ON COLUMN billing.nightly_result.waiting_count IS 'Items of an organization whose plan, switch or pause stops the automation.';
COMMENT ON COLUMN billing.nightly_result.advanced_amount IS 'Dollars of the advanced items.';

CREATE TABLE billing.edit (
    edit_code text PRIMARY KEY,
    version integer NOT NULL,
    grain text NOT NULL,
    default_severity text NOT NULL,
    message text NOT NULL,
    fix_location text NOT NULL,
    is_overridable boolean NOT NULL
);
COMMENT ON TABLE billing.edit IS 'Grain: one row per edit of the claims scrubber, as of the newest scrub; the catalogue in include/claims_scrubber is the source.';

CREATE TABLE billing.edit_severity (
    edit_severity_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint,
    insurer_id bigint,
    edit_code text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('error', 'warning', 'off'))
);
COMMENT ON TABLE billing.edit_severity IS 'Grain: one row per edit whose severity an organization or insurer changes; the most specific row counts.';
CREATE UNIQUE INDEX edit_severity_once ON billing.edit_severity (edit_code, coalesce(organization_id, 0), coalesce(insurer_id, 0));

CREATE TABLE billing.finding (
    finding_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    claim_id bigint NOT NULL REFERENCES billing.claim,
    version smallint NOT NULL,
    line_number smallint NOT NULL DEFAULT 0,
    edit_code text NOT NULL,
    severity text NOT NULL CHECK (severity IN ('error', 'warning')),
    value text,
    first_seen_on date NOT NULL,
    last_seen_on date NOT NULL,
    resolved_on date,
    CHECK (last_seen_on >= first_seen_on)
);
COMMENT ON TABLE billing.finding IS 'Grain: one row per claim version, line (0: the claim), edit and time it stood.';
COMMENT ON COLUMN billing.finding.value IS 'What was found there. Patient data: shown on the settings page only.';
COMMENT ON COLUMN billing.finding.resolved_on IS 'Night of the first scrub that did not find it again; absent: it stands.';
COMMENT ON COLUMN billing.finding.first_seen_on IS 'Night of the first scrub that found it, advice included.';
CREATE UNIQUE INDEX finding_open_once ON billing.finding (claim_id, line_number, edit_code) WHERE resolved_on IS NULL;

CREATE TABLE billing.edit_not_checked (
    attempt_id bigint NOT NULL REFERENCES billing.run_attempt,
    organization_id bigint NOT NULL,
    edit_code text NOT NULL,
    claim_count integer NOT NULL,
    PRIMARY KEY (attempt_id, organization_id, edit_code)
);
COMMENT ON TABLE billing.edit_not_checked IS 'Grain: one row per attempt, organization and edit whose reference table is not loaded: not checked is not passed.';

CREATE TABLE billing.receiver (
    receiver_code text PRIMARY KEY,
    name text NOT NULL,
    submitter_id text NOT NULL,
    submitter_name text NOT NULL,
    contact_name text NOT NULL,
    contact_phone text NOT NULL,
    receiver_id text NOT NULL,
    usage_indicator text NOT NULL DEFAULT 'T' CHECK (usage_indicator IN ('T', 'P')),
    last_control_number integer NOT NULL DEFAULT 0 CHECK (last_control_number BETWEEN 0 AND 999999999)
);
COMMENT ON TABLE billing.receiver IS 'Grain: one row per clearinghouse we send to.';
COMMENT ON COLUMN billing.receiver.submitter_id IS 'Our id there: ISA06, GS02, 1000A NM109.';
COMMENT ON COLUMN billing.receiver.receiver_id IS 'Its id: ISA08, GS03, 1000B NM109.';
COMMENT ON COLUMN billing.receiver.usage_indicator IS 'ISA15: T test, P production. P only by an explicit change of this row.';
COMMENT ON COLUMN billing.receiver.last_control_number IS 'ISA13 of the newest interchange; counted up in the transaction that stores the file, so without gaps.';
INSERT INTO billing.receiver (receiver_code, name, submitter_id, submitter_name, contact_name, contact_phone, receiver_id)
VALUES ('default', 'CLEARINGHOUSE', 'SUBMITTER', 'BILLING SUBMITTER', 'BILLING OFFICE', '5555550100', 'RECEIVER');

CREATE TABLE billing.interchange (
    interchange_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver_code text NOT NULL REFERENCES billing.receiver,
    control_number integer NOT NULL,
    file_name text NOT NULL,
    sha256 text NOT NULL,
    body bytea NOT NULL,
    interchange_state text NOT NULL DEFAULT 'built' CHECK (interchange_state IN
        ('built', 'sending', 'sent', 'acknowledged', 'rejected', 'unknown')),
    attempt_count integer NOT NULL DEFAULT 0,
    built_run_id bigint NOT NULL REFERENCES billing.run,
    built_at timestamptz NOT NULL,
    sent_run_id bigint REFERENCES billing.run,
    sent_at timestamptz,
    UNIQUE (receiver_code, control_number),
    UNIQUE (receiver_code, file_name)
);
COMMENT ON TABLE billing.interchange IS 'Grain: one row per 837P file (the outbox). The file leaves only from body.';
COMMENT ON COLUMN billing.interchange.interchange_state IS 'built: stored; sending: a delivery has begun; sent: it is in the folder.';
COMMENT ON COLUMN billing.interchange.control_number IS 'ISA13, GS06 alike.';
CREATE INDEX interchange_by_sending_run ON billing.interchange (sent_run_id);
CREATE INDEX interchange_undelivered ON billing.interchange (built_run_id) WHERE interchange_state IN ('built', 'sending');

CREATE TABLE billing.transaction_set (
    interchange_id bigint NOT NULL REFERENCES billing.interchange,
    transaction_number text NOT NULL,
    organization_id bigint NOT NULL,
    batch_reference text NOT NULL,
    claim_count integer NOT NULL,
    PRIMARY KEY (interchange_id, transaction_number)
);
COMMENT ON TABLE billing.transaction_set IS 'Grain: one row per ST of a file: one organization, at most 5,000 claims.';
COMMENT ON COLUMN billing.transaction_set.transaction_number IS 'ST02.';
COMMENT ON COLUMN billing.transaction_set.batch_reference IS 'BHT03, unique per receiver.';

CREATE TABLE billing.claim_submission (
    claim_id bigint NOT NULL REFERENCES billing.claim,
    version smallint NOT NULL,
    interchange_id bigint NOT NULL,
    transaction_number text NOT NULL,
    claim_number text NOT NULL,
    organization_id bigint NOT NULL,
    total_amount numeric(12, 2) NOT NULL,
    policy_id bigint NOT NULL,
    insurer_id bigint NOT NULL,
    PRIMARY KEY (claim_id, version),
    FOREIGN KEY (interchange_id, transaction_number) REFERENCES billing.transaction_set
);
COMMENT ON TABLE billing.claim_submission IS 'Grain: one row per claim version that went into a file: one submission each, for ever.';
CREATE INDEX claim_submission_by_file ON billing.claim_submission (interchange_id, transaction_number);

CREATE VIEW billing.appointment_in_step AS
SELECT a.appointment_id AS item_id, a.*
FROM practice.appointment a
WHERE a.appointment_status = 'kept' AND a.is_billable
    AND NOT EXISTS (
        SELECT FROM billing.invoice i WHERE i.appointment_id = a.appointment_id AND i.invoice_status <> 'void'
    );
COMMENT ON VIEW billing.appointment_in_step IS 'Grain: one row per kept, billable appointment without a live invoice.';

CREATE VIEW billing.invoice_in_step AS
SELECT i.invoice_id AS item_id, i.*
FROM billing.invoice i
WHERE i.invoice_status = 'open'
    AND NOT EXISTS (
        SELECT FROM billing.claim c WHERE c.invoice_id = i.invoice_id AND c.claim_status <> 'void'
    );
COMMENT ON VIEW billing.invoice_in_step IS 'Grain: one row per open invoice without a live claim.';

CREATE VIEW billing.claim_in_step AS
SELECT c.claim_id AS item_id, c.*
FROM billing.claim c
WHERE c.claim_status = 'awaiting_submission';
COMMENT ON VIEW billing.claim_in_step IS 'Grain: one row per claim in Awaiting Submission.';

CREATE VIEW billing.advanced_item AS
SELECT 'invoice_creation' AS automation, i.created_run_id AS run_id, i.organization_id, i.appointment_id AS item_id,
    i.total_amount
FROM billing.invoice i
WHERE i.created_run_id IS NOT NULL
UNION ALL
SELECT 'invoice_processing', c.created_run_id, c.organization_id, c.invoice_id, c.total_amount
FROM billing.claim c
WHERE c.created_run_id IS NOT NULL
UNION ALL
SELECT 'claims_submission', x.sent_run_id, s.organization_id, s.claim_id, s.total_amount
FROM billing.claim_submission s
JOIN billing.interchange x USING (interchange_id)
WHERE x.sent_run_id IS NOT NULL;
COMMENT ON VIEW billing.advanced_item IS 'Grain: one row per item that a run advanced, under the run that moved it.';

CREATE VIEW billing.item_in_step AS
SELECT 'invoice_creation' AS automation, a.organization_id, a.item_id, a.starts_at AS waits_from
FROM billing.appointment_in_step a
UNION ALL
SELECT 'invoice_processing', i.organization_id, i.item_id, i.created_at
FROM billing.invoice_in_step i
UNION ALL
SELECT 'claims_submission', c.organization_id, c.item_id, c.entered_step_at
FROM billing.claim_in_step c;
COMMENT ON VIEW billing.item_in_step IS 'Grain: one row per item that waits in a step; the one definition of what a run looks at.';

CREATE VIEW billing.gate AS
SELECT a.automation, o.organization_id, o.timezone,
    pa.plan_code IS NOT NULL AS is_in_plan,
    coalesce(s.is_enabled, false) AS is_enabled,
    s.paused_until,
    CASE WHEN NOT s.includes_earlier THEN s.enabled_on END AS start_on
FROM billing.automation a
CROSS JOIN practice.organization o
LEFT JOIN practice.plan_automation pa USING (plan_code, automation)
LEFT JOIN billing.automation_setting s USING (organization_id, automation);
COMMENT ON VIEW billing.gate IS 'Grain: one row per organization and automation: what lets its items through or stops them.';

CREATE VIEW billing.rate_period AS
SELECT f.organization_id, f.service_type_id, f.insurer_id, f.starts_on,
    lead(f.starts_on, 1, 'infinity') OVER (
        PARTITION BY f.organization_id, f.service_type_id, f.insurer_id ORDER BY f.starts_on
    ) AS ends_before,
    f.rate_amount
FROM practice.fee f;
COMMENT ON VIEW billing.rate_period IS 'Grain: one row per service type, insurer (absent: default) and period in which one rate is in force; ends_before is not included.';
