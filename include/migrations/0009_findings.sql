-- 0009_findings: severities with who and why, overrides, a record of every scrub, rejections, and how well edits work.
-- Lock: ACCESS EXCLUSIVE on billing.finding, billing.edit and billing.edit_severity for columns without a rewrite, and for
-- the check of billing.finding one pass over it. Undo: drop what is created here, and the columns added.
-- The functions are work by hand as in 0003: each writes history, and an error says what to do.

-- Severities -----------------------------------------------------------------------------------------------------------

ALTER TABLE billing.edit ADD COLUMN rejection_codes text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN billing.edit.rejection_codes IS 'What an insurer answers when the edit would have helped: category:status or category:status:entity, as in billing.claim_rejection.';

ALTER TABLE billing.edit_severity
    ADD COLUMN reason text,
    ADD COLUMN changed_by text NOT NULL DEFAULT billing.actor(),
    ADD COLUMN changed_at timestamptz NOT NULL DEFAULT billing.clock();
COMMENT ON COLUMN billing.edit_severity.organization_id IS 'Absent: at every organization.';
COMMENT ON COLUMN billing.edit_severity.insurer_id IS 'Absent: for every insurer.';

CREATE FUNCTION billing.record_severity_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_row billing.edit_severity;
BEGIN
    IF TG_OP = 'DELETE' THEN
        of_row := OLD;
    ELSE
        of_row := NEW;
    END IF;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (
        coalesce(of_row.organization_id,
            (SELECT n.organization_id FROM practice.insurer n WHERE n.insurer_id = of_row.insurer_id), 0),
        'edit_severity', of_row.edit_severity_id, lower(TG_OP),
        jsonb_build_object('edit_code', of_row.edit_code, 'insurer_id', of_row.insurer_id,
            'new', CASE WHEN TG_OP <> 'DELETE' THEN NEW.severity END,
            'old', CASE WHEN TG_OP <> 'INSERT' THEN OLD.severity END,
            'reason', CASE WHEN TG_OP = 'DELETE' THEN nullif(current_setting('billing.why', true), '')
                ELSE NEW.reason END));
    RETURN NULL;
END
$$;
CREATE TRIGGER record_severity_change AFTER INSERT OR UPDATE OR DELETE ON billing.edit_severity
    FOR EACH ROW EXECUTE FUNCTION billing.record_severity_change();

CREATE FUNCTION billing.check_severity_scope(of_organization_id bigint, of_insurer_id bigint, of_edit_code text)
RETURNS void LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM billing.edit e WHERE e.edit_code = of_edit_code) THEN
        RAISE EXCEPTION 'there is no edit %: docs/scrubber_edits.md lists them (a new database knows them after its first scrub)',
            of_edit_code;
    END IF;
    IF of_organization_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM practice.organization o WHERE o.organization_id = of_organization_id) THEN
        RAISE EXCEPTION 'there is no organization %', of_organization_id;
    END IF;
    IF of_insurer_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM practice.insurer n
        WHERE n.insurer_id = of_insurer_id AND n.organization_id = coalesce(of_organization_id, n.organization_id)
    ) THEN
        RAISE EXCEPTION 'there is no insurer % at organization %: name an insurer of that organization', of_insurer_id,
            coalesce(of_organization_id::text, '(any)');
    END IF;
END
$$;
COMMENT ON FUNCTION billing.check_severity_scope IS 'An error unless the edit, the organization and the insurer exist and belong together.';

CREATE FUNCTION billing.set_edit_severity(
    for_organization_id bigint, for_insurer_id bigint, of_edit_code text, new_severity text, why text
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    made_id bigint;
    of_edit billing.edit;
BEGIN
    PERFORM billing.check_severity_scope(for_organization_id, for_insurer_id, of_edit_code);
    SELECT e.* INTO of_edit FROM billing.edit e WHERE e.edit_code = of_edit_code;
    IF new_severity IS NULL OR new_severity NOT IN ('error', 'warning', 'off') THEN
        RAISE EXCEPTION 'there is no severity %: it is error, warning or off', coalesce(new_severity, 'NULL');
    END IF;
    IF coalesce(btrim(why), '') = '' THEN
        RAISE EXCEPTION 'say why the severity of % changes', of_edit_code;
    END IF;
    IF NOT of_edit.is_overridable AND new_severity <> 'error' THEN
        RAISE EXCEPTION 'edit % stays an error: the 837P or its receiver cannot take such a claim. Correct the data at %, or hold the claim: billing.hold_item',
            of_edit_code, of_edit.fix_location;
    END IF;
    INSERT INTO billing.edit_severity AS s (organization_id, insurer_id, edit_code, severity, reason)
    VALUES (for_organization_id, for_insurer_id, of_edit_code, new_severity, why)
    ON CONFLICT (edit_code, coalesce(organization_id, 0), coalesce(insurer_id, 0)) DO UPDATE SET
        severity = excluded.severity,
        reason = excluded.reason,
        changed_by = excluded.changed_by,
        changed_at = excluded.changed_at
    RETURNING s.edit_severity_id INTO made_id;
    RETURN made_id;
END
$$;
COMMENT ON FUNCTION billing.set_edit_severity IS 'Makes an edit an error, a warning or off from the next scrub on: for an organization, an insurer, both, or (both NULL) everywhere; a second call changes it.';

CREATE FUNCTION billing.clear_edit_severity(
    for_organization_id bigint, for_insurer_id bigint, of_edit_code text, why text
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    IF coalesce(btrim(why), '') = '' THEN
        RAISE EXCEPTION 'say why the severity of % changes', of_edit_code;
    END IF;
    -- The row goes, so its history is the only place that can say why.
    PERFORM set_config('billing.why', why, true);
    DELETE FROM billing.edit_severity s
    WHERE s.edit_code = of_edit_code AND s.organization_id IS NOT DISTINCT FROM for_organization_id
        AND s.insurer_id IS NOT DISTINCT FROM for_insurer_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'nothing changes the severity of % there: billing.edit_severity has what does', of_edit_code;
    END IF;
    PERFORM set_config('billing.why', '', true);
END
$$;
COMMENT ON FUNCTION billing.clear_edit_severity IS 'Takes back what set_edit_severity said; the next wider setting, or the edit''s default, counts again.';

-- Scrubs ---------------------------------------------------------------------------------------------------------------

CREATE TABLE billing.scrub (
    scrub_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    attempt_id bigint NOT NULL REFERENCES billing.run_attempt,
    purpose text NOT NULL CHECK (purpose IN ('advice', 'submission', 'resubmission')),
    scrubbed_at timestamptz NOT NULL DEFAULT billing.clock(),
    catalogue_version text NOT NULL,
    reference_version text NOT NULL,
    claim_count integer NOT NULL,
    error_claim_count integer NOT NULL,
    warning_claim_count integer NOT NULL,
    not_checked_count integer NOT NULL
);
COMMENT ON TABLE billing.scrub IS 'Grain: one row per attempt, purpose and set of organizations scrubbed together (a batch; less where one of it failed; one organization where a person cleared its task instance).';
COMMENT ON COLUMN billing.scrub.purpose IS 'advice: when the claim is made; submission: before it is sent; resubmission: a person cleared the organization''s task instance.';
COMMENT ON COLUMN billing.scrub.catalogue_version IS 'Which edits, in which versions (docs/scrubber_edits.md).';
COMMENT ON COLUMN billing.scrub.reference_version IS 'Which releases of the reference tables.';
COMMENT ON COLUMN billing.scrub.error_claim_count IS 'Claims with an error that nobody has overridden.';
COMMENT ON COLUMN billing.scrub.warning_claim_count IS 'Claims with a warning, those with an error besides included.';
COMMENT ON COLUMN billing.scrub.not_checked_count IS 'Edits that could not look at some or all of the claims: reporting.not_checked.';
CREATE INDEX scrub_by_attempt ON billing.scrub (attempt_id);

COMMENT ON TABLE billing.edit_not_checked IS 'Grain: one row per attempt, organization and edit whose reference table is not loaded or does not reach the service date: not checked is not passed.';
COMMENT ON COLUMN billing.edit_not_checked.claim_count IS 'Claims of the organization; of several scrubs in one attempt the most.';

-- Overrides ------------------------------------------------------------------------------------------------------------

CREATE FUNCTION billing.value_key(found_value text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(d.client_key_salt || ':' || found_value, 'UTF8')), 'hex')
    FROM billing.deployment d
$$;
COMMENT ON FUNCTION billing.value_key IS 'Tells whether two values are the same without keeping them: they may be patient data. Absent for an absent value.';

CREATE TABLE billing.finding_override (
    override_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    claim_id bigint NOT NULL REFERENCES billing.claim,
    version smallint NOT NULL,
    line_number smallint NOT NULL,
    edit_code text NOT NULL,
    value_key text,
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    overridden_by text NOT NULL DEFAULT billing.actor(),
    overridden_at timestamptz NOT NULL DEFAULT billing.clock(),
    withdrawn_by text,
    withdrawn_at timestamptz,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
COMMENT ON TABLE billing.finding_override IS 'Grain: one row per error that a person lets pass on one claim. It outlives new versions of the claim, and lapses when the value found there is another, or the insurer rejects the claim for just that.';
COMMENT ON COLUMN billing.finding_override.version IS 'Of the claim, when it was overridden.';
COMMENT ON COLUMN billing.finding_override.line_number IS '0: the claim.';
COMMENT ON COLUMN billing.finding_override.value_key IS 'Stands for the value it was given for (billing.value_key); absent: something was missing.';
COMMENT ON COLUMN billing.finding_override.withdrawn_at IS 'When a person took it back, or overrode another value there.';
CREATE UNIQUE INDEX finding_override_live_once ON billing.finding_override (claim_id, line_number, edit_code)
    WHERE withdrawn_at IS NULL;

-- No foreign keys to the scrubs: findings are written by the hundred thousand (docs/decisions/0003).
ALTER TABLE billing.finding
    ADD COLUMN override_id bigint REFERENCES billing.finding_override,
    ADD COLUMN first_scrub_id bigint,
    ADD COLUMN last_scrub_id bigint,
    ADD COLUMN resolved_scrub_id bigint,
    ADD COLUMN resolution text CHECK (resolution IN ('fixed', 'switched_off', 'not_checked'));
UPDATE billing.finding SET resolution = 'fixed' WHERE resolved_on IS NOT NULL;
ALTER TABLE billing.finding ADD CHECK ((resolved_on IS NULL) = (resolution IS NULL));
COMMENT ON COLUMN billing.finding.override_id IS 'The override that keeps this error from holding the claim; absent: none does.';
COMMENT ON COLUMN billing.finding.first_scrub_id IS 'The scrub that found it first, with its versions: billing.scrub.';
COMMENT ON COLUMN billing.finding.last_scrub_id IS 'The scrub that found it on last_seen_on, or as it is now.';
COMMENT ON COLUMN billing.finding.resolved_scrub_id IS 'The first scrub that did not find it again.';
COMMENT ON COLUMN billing.finding.resolution IS 'fixed: the data are right now; switched_off: the edit is off there; not_checked: its reference table is gone.';

CREATE FUNCTION billing.override_finding(
    of_claim_id bigint, of_edit_code text, why text, of_line_number integer DEFAULT 0
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    of_claim billing.claim;
    of_edit billing.edit;
    standing billing.finding;
    standing_key text;
    made_id bigint;
BEGIN
    SELECT k.* INTO of_claim FROM billing.claim k WHERE k.claim_id = of_claim_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no claim %', of_claim_id;
    END IF;
    PERFORM billing.wait_for_run('claims_submission', of_claim.organization_id);
    IF coalesce(btrim(why), '') = '' THEN
        RAISE EXCEPTION 'say why claim % may go out in spite of %', of_claim_id, of_edit_code;
    END IF;
    SELECT f.* INTO standing
    FROM billing.finding f
    JOIN billing.claim k ON k.claim_id = f.claim_id AND k.claim_status = 'awaiting_submission'
    WHERE f.claim_id = of_claim_id AND f.edit_code = of_edit_code AND f.line_number = of_line_number
        AND f.resolved_on IS NULL
    FOR UPDATE OF f;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'claim % awaits submission with no finding % on line %: reporting.open_scrub_errors has those that stand, line 0 is the claim',
            of_claim_id, of_edit_code, of_line_number;
    END IF;
    SELECT e.* INTO of_edit FROM billing.edit e WHERE e.edit_code = of_edit_code;
    IF NOT FOUND OR NOT of_edit.is_overridable THEN
        RAISE EXCEPTION 'edit % cannot be overridden: the 837P or its receiver cannot take such a claim. Correct the data at %, or hold the claim: billing.hold_item',
            of_edit_code, coalesce(of_edit.fix_location, 'the place named in reporting.open_scrub_errors');
    END IF;
    IF standing.severity <> 'error' THEN
        RAISE EXCEPTION 'finding % of claim % is a warning: it holds nothing, so there is nothing to override', of_edit_code, of_claim_id;
    END IF;
    standing_key := billing.value_key(standing.value);
    UPDATE billing.finding_override o SET withdrawn_by = billing.actor(), withdrawn_at = billing.clock()
    WHERE o.claim_id = of_claim_id AND o.line_number = of_line_number AND o.edit_code = of_edit_code
        AND o.withdrawn_at IS NULL
        -- One that counts gets the new reason; one that has lapsed makes room.
        AND standing.override_id IS DISTINCT FROM o.override_id;
    INSERT INTO billing.finding_override AS o (organization_id, claim_id, version, line_number, edit_code, value_key, reason)
    VALUES (of_claim.organization_id, of_claim_id, of_claim.version, of_line_number, of_edit_code, standing_key, why)
    ON CONFLICT (claim_id, line_number, edit_code) WHERE withdrawn_at IS NULL DO UPDATE SET reason = excluded.reason
    RETURNING o.override_id INTO made_id;
    UPDATE billing.finding f SET override_id = made_id WHERE f.finding_id = standing.finding_id;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (of_claim.organization_id, 'claim', of_claim_id, 'finding overridden',
        jsonb_build_object('edit_code', of_edit_code, 'line_number', of_line_number, 'override_id', made_id));
    RETURN made_id;
END
$$;
COMMENT ON FUNCTION billing.override_finding IS 'Lets one claim go out in spite of a standing error, where the edit allows it; the next scrub lets it go. A second call changes the reason.';

CREATE FUNCTION billing.withdraw_override(
    of_claim_id bigint, of_edit_code text, why text, of_line_number integer DEFAULT 0
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    withdrawn billing.finding_override;
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'claim %: say why the override is withdrawn', of_claim_id;
    END IF;
    PERFORM billing.wait_for_run('claims_submission', k.organization_id)
    FROM billing.claim k WHERE k.claim_id = of_claim_id;
    UPDATE billing.finding_override o SET withdrawn_by = billing.actor(), withdrawn_at = billing.clock()
    WHERE o.claim_id = of_claim_id AND o.edit_code = of_edit_code AND o.line_number = of_line_number
        AND o.withdrawn_at IS NULL
    RETURNING o.* INTO withdrawn;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'finding % of claim % on line % is not overridden: billing.finding_override has what is', of_edit_code,
            of_claim_id, of_line_number;
    END IF;
    -- What went out overridden stays marked so.
    UPDATE billing.finding f SET override_id = NULL
    FROM billing.claim k
    WHERE f.override_id = withdrawn.override_id AND f.resolved_on IS NULL AND k.claim_id = f.claim_id
        AND k.claim_status = 'awaiting_submission';
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (withdrawn.organization_id, 'claim', of_claim_id, 'override withdrawn',
        jsonb_build_object('edit_code', of_edit_code, 'line_number', of_line_number,
            'override_id', withdrawn.override_id, 'reason', why));
END
$$;
COMMENT ON FUNCTION billing.withdraw_override IS 'Takes an override back: from the next scrub on the error holds the claim again.';

-- Rejections -----------------------------------------------------------------------------------------------------------

CREATE TABLE billing.claim_rejection (
    claim_rejection_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    claim_id bigint NOT NULL,
    version smallint NOT NULL,
    source text NOT NULL CHECK (source IN ('277CA', '999', '835', 'by_hand')),
    category_code text NOT NULL CHECK (category_code ~ '^[A-Z0-9]{1,5}$'),
    status_code text NOT NULL CHECK (status_code ~ '^[A-Z0-9]{1,6}$'),
    entity_code text CHECK (entity_code ~ '^[A-Z0-9]{1,3}$'),
    received_on date NOT NULL,
    recorded_by text NOT NULL DEFAULT billing.actor(),
    recorded_at timestamptz NOT NULL DEFAULT billing.clock(),
    FOREIGN KEY (claim_id, version) REFERENCES billing.claim_submission
);
COMMENT ON TABLE billing.claim_rejection IS 'Grain: one row per claim version and reason for which a clearinghouse or insurer did not take it. The claim''s status is not touched by it.';
COMMENT ON COLUMN billing.claim_rejection.source IS 'Where it was said; by_hand: a portal or a letter.';
COMMENT ON COLUMN billing.claim_rejection.category_code IS '277CA: STC01-1 (A3, A6, A7 …); 835: the group code (CO); 999: IK3 or IK4.';
COMMENT ON COLUMN billing.claim_rejection.status_code IS '277CA: STC01-2; 835: the reason code; 999: the error code.';
COMMENT ON COLUMN billing.claim_rejection.entity_code IS '277CA: STC01-3, whom it is about (82 rendering provider …); absent: not said.';
COMMENT ON COLUMN billing.claim_rejection.received_on IS 'Local date of the organization.';
CREATE UNIQUE INDEX claim_rejection_once ON billing.claim_rejection
    (claim_id, version, source, category_code, status_code, coalesce(entity_code, ''));

CREATE FUNCTION billing.record_rejection(
    rejected_claim_number text, category text, status text, entity text DEFAULT NULL, received date DEFAULT NULL,
    said_by text DEFAULT 'by_hand'
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    sent billing.claim_submission;
    made_id bigint;
BEGIN
    SELECT s.* INTO sent
    FROM billing.claim_submission s
    WHERE s.claim_id = substring(rejected_claim_number FROM '^C([0-9]{1,15})V[0-9]+$')::bigint
        AND s.claim_number = rejected_claim_number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no claim was sent under the number %: reporting.claims has the numbers', rejected_claim_number;
    END IF;
    IF category IS NULL OR status IS NULL OR category !~ '^[A-Z0-9]{1,5}$' OR status !~ '^[A-Z0-9]{1,6}$'
        OR entity !~ '^[A-Z0-9]{1,3}$' THEN
        RAISE EXCEPTION 'a rejection is a category code and a status code, and an entity code where there is one, as in A7, 562, 82';
    END IF;
    IF said_by IS NULL OR said_by NOT IN ('277CA', '999', '835', 'by_hand') THEN
        RAISE EXCEPTION 'a rejection comes from 277CA, 999, 835 or by_hand';
    END IF;
    INSERT INTO billing.claim_rejection (organization_id, claim_id, version, source, category_code, status_code,
        entity_code, received_on)
    VALUES (sent.organization_id, sent.claim_id, sent.version, said_by, category, status, entity,
        coalesce(received, billing.local_today(sent.organization_id)))
    ON CONFLICT (claim_id, version, source, category_code, status_code, coalesce(entity_code, '')) DO NOTHING
    RETURNING claim_rejection_id INTO made_id;
    IF made_id IS NULL THEN
        SELECT r.claim_rejection_id INTO STRICT made_id
        FROM billing.claim_rejection r
        WHERE (r.claim_id, r.version, r.source, r.category_code, r.status_code)
            = (sent.claim_id, sent.version, said_by, category, status) AND r.entity_code IS NOT DISTINCT FROM entity;
        RETURN made_id;
    END IF;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (sent.organization_id, 'claim', sent.claim_id, 'rejection recorded',
        jsonb_build_object('version', sent.version, 'source', said_by,
            'code', concat_ws(':', category, status, entity)));
    RETURN made_id;
END
$$;
COMMENT ON FUNCTION billing.record_rejection IS 'Notes why a sent claim was not taken, by its number as sent; a second call with the same codes changes nothing. The claim''s status stays.';

CREATE VIEW billing.edit_rejection AS
SELECT e.edit_code, r.claim_rejection_id, r.claim_id, r.version, r.recorded_at
FROM billing.claim_rejection r
JOIN billing.edit e ON r.category_code || ':' || r.status_code = ANY(e.rejection_codes)
    OR r.category_code || ':' || r.status_code || ':' || r.entity_code = ANY(e.rejection_codes);
COMMENT ON VIEW billing.edit_rejection IS 'Grain: one row per rejection and edit that looks for what it was about.';

CREATE VIEW billing.sent_finding AS
SELECT f.finding_id, f.claim_id, f.edit_code, f.severity, s.version
FROM billing.finding f
JOIN billing.claim_submission s USING (claim_id)
JOIN billing.interchange x USING (interchange_id)
LEFT JOIN billing.scrub found ON found.scrub_id = f.first_scrub_id
LEFT JOIN billing.scrub gone ON gone.scrub_id = f.resolved_scrub_id
WHERE x.built_at >= coalesce(found.scrubbed_at, '-infinity')
    -- Resolved before scrubs were recorded: taken as fixed in time.
    AND (f.resolved_on IS NULL OR x.built_at < coalesce(gone.scrubbed_at, '-infinity'));
COMMENT ON VIEW billing.sent_finding IS 'Grain: one row per finding and claim version whose file was built while it stood: warnings, and errors that were overridden.';

-- Reporting ------------------------------------------------------------------------------------------------------------

CREATE OR REPLACE VIEW reporting.open_scrub_errors AS
SELECT f.organization_id, o.name AS organization_name, c.claim_id, c.claim_number, c.level, i.service_on,
    f.line_number, f.edit_code, f.severity,
    CASE WHEN f.line_number > 0 THEN replace(e.message, '{line_number}', f.line_number::text) ELSE e.message END AS message,
    e.fix_location, f.first_seen_on, f.last_seen_on, c.total_amount,
    billing.client_key(c.client_id) AS client_key,
    f.override_id IS NOT NULL AS is_overridden,
    coalesce(f.first_seen_on >= (
        SELECT max(r.night) FROM billing.run r WHERE r.automation = 'claims_submission' AND r.timezone = o.timezone
    ), true) AS is_new
FROM billing.finding f
JOIN billing.claim c USING (claim_id)
JOIN billing.invoice i USING (invoice_id)
JOIN practice.organization o ON o.organization_id = f.organization_id
LEFT JOIN billing.edit e USING (edit_code)
WHERE f.resolved_on IS NULL AND c.claim_status = 'awaiting_submission';
COMMENT ON COLUMN reporting.open_scrub_errors.is_overridden IS 'A person lets the claim go out in spite of it.';
COMMENT ON COLUMN reporting.open_scrub_errors.is_new IS 'Not seen before the newest night on which Claims Submission ran in the organization''s bucket.';

CREATE VIEW reporting.scrub_findings AS
SELECT f.organization_id, o.name AS organization_name, c.claim_id, c.claim_number, c.level, c.claim_status, i.service_on,
    f.line_number, f.edit_code, f.severity,
    CASE WHEN f.line_number > 0 THEN replace(e.message, '{line_number}', f.line_number::text) ELSE e.message END AS message,
    e.fix_location, f.first_seen_on, f.last_seen_on, f.resolved_on, f.resolution,
    f.override_id IS NOT NULL AS is_overridden,
    EXISTS (SELECT FROM billing.sent_finding s WHERE s.finding_id = f.finding_id) AS is_sent,
    billing.client_key(c.client_id) AS client_key
FROM billing.finding f
JOIN billing.claim c USING (claim_id)
JOIN billing.invoice i USING (invoice_id)
JOIN practice.organization o ON o.organization_id = f.organization_id
LEFT JOIN billing.edit e USING (edit_code);
COMMENT ON VIEW reporting.scrub_findings IS 'Grain: one row per finding that stands or stood, on claims in every state; what still has to be done is in reporting.open_scrub_errors.';
COMMENT ON COLUMN reporting.scrub_findings.is_sent IS 'A file with the claim was built while the finding stood.';
COMMENT ON COLUMN reporting.scrub_findings.client_key IS 'Pseudonym of the client, the same in every view of this database.';

CREATE VIEW reporting.edit_effectiveness AS
-- Each finding's sendings in one pass: asked finding by finding they cost minutes on a year of nights.
WITH sent AS MATERIALIZED (
    SELECT s.finding_id, bool_or(r.claim_rejection_id IS NOT NULL) AS is_rejected
    FROM billing.sent_finding s
    LEFT JOIN billing.edit_rejection r USING (claim_id, version, edit_code)
    GROUP BY s.finding_id
),
judged AS (
    SELECT f.edit_code, f.severity, f.claim_id,
        f.override_id IS NOT NULL AS is_overridden,
        f.resolution = 'fixed' AND s.finding_id IS NULL AS is_fixed,
        f.resolved_on IS NULL AND f.override_id IS NULL AND c.claim_status = 'awaiting_submission' AS is_open,
        s.finding_id IS NOT NULL AS is_sent,
        coalesce(s.is_rejected, false) AS is_rejected,
        f.resolved_on - f.first_seen_on AS night_count
    FROM billing.finding f
    JOIN billing.claim c USING (claim_id)
    LEFT JOIN sent s USING (finding_id)
),
counted AS (
    SELECT j.edit_code, j.severity,
        count(DISTINCT j.claim_id) AS fired_claim_count,
        count(DISTINCT j.claim_id) FILTER (WHERE j.is_fixed) AS fixed_claim_count,
        count(DISTINCT j.claim_id) FILTER (WHERE j.is_overridden) AS overridden_claim_count,
        count(DISTINCT j.claim_id) FILTER (WHERE j.is_open) AS open_claim_count,
        count(DISTINCT j.claim_id) FILTER (WHERE j.is_sent) AS sent_claim_count,
        count(DISTINCT j.claim_id) FILTER (WHERE j.is_rejected) AS rejected_claim_count,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY j.night_count) FILTER (WHERE j.is_fixed) AS median_nights_to_fix
    FROM judged j
    GROUP BY j.edit_code, j.severity
),
missed AS (
    SELECT r.edit_code, count(DISTINCT r.claim_id) AS missed_claim_count
    FROM billing.edit_rejection r
    WHERE NOT EXISTS (
        SELECT FROM billing.sent_finding s
        WHERE s.claim_id = r.claim_id AND s.version = r.version AND s.edit_code = r.edit_code
    )
    GROUP BY r.edit_code
),
severity AS (
    SELECT e.edit_code, e.default_severity AS severity FROM billing.edit e
    UNION
    SELECT c.edit_code, c.severity FROM counted c
)
SELECT s.edit_code, s.severity, e.default_severity, e.is_overridable, e.message,
    coalesce(c.fired_claim_count, 0) AS fired_claim_count,
    coalesce(c.fixed_claim_count, 0) AS fixed_claim_count,
    coalesce(c.overridden_claim_count, 0) AS overridden_claim_count,
    coalesce(c.open_claim_count, 0) AS open_claim_count,
    coalesce(c.sent_claim_count, 0) AS sent_claim_count,
    coalesce(c.rejected_claim_count, 0) AS rejected_claim_count,
    CASE WHEN s.severity = e.default_severity THEN coalesce(m.missed_claim_count, 0) ELSE 0 END AS missed_claim_count,
    c.median_nights_to_fix
FROM severity s
LEFT JOIN counted c USING (edit_code, severity)
LEFT JOIN billing.edit e USING (edit_code)
LEFT JOIN missed m USING (edit_code);
COMMENT ON VIEW reporting.edit_effectiveness IS 'Grain: one row per edit and severity it has, or had on a finding. Counts are claims; a claim may count in several columns.';
COMMENT ON COLUMN reporting.edit_effectiveness.fired_claim_count IS 'On which it ever found something.';
COMMENT ON COLUMN reporting.edit_effectiveness.fixed_claim_count IS 'Whose data were corrected before the claim went out; not: the edit switched off, or no longer checked.';
COMMENT ON COLUMN reporting.edit_effectiveness.overridden_claim_count IS 'Which a person let go in spite of it.';
COMMENT ON COLUMN reporting.edit_effectiveness.open_claim_count IS 'Awaiting submission with it.';
COMMENT ON COLUMN reporting.edit_effectiveness.sent_claim_count IS 'Sent with it: as a warning, or overridden.';
COMMENT ON COLUMN reporting.edit_effectiveness.rejected_claim_count IS 'Sent with it, and rejected for that very reason: the warning or the edit was right.';
COMMENT ON COLUMN reporting.edit_effectiveness.missed_claim_count IS 'That passed it and were rejected for what it looks for, also because it was off or could not be checked. Stands at the default severity only, so that a sum counts once.';
COMMENT ON COLUMN reporting.edit_effectiveness.median_nights_to_fix IS 'From the night it was first seen to the night it was gone, over what was fixed.';

CREATE VIEW reporting.not_checked AS
SELECT r.automation, r.timezone, r.night, n.organization_id, o.name AS organization_name, n.edit_code,
    max(n.claim_count) AS claim_count, r.run_id
FROM billing.edit_not_checked n
JOIN billing.run_attempt a USING (attempt_id)
JOIN billing.run r USING (run_id)
JOIN practice.organization o USING (organization_id)
GROUP BY r.automation, r.timezone, r.night, n.organization_id, o.name, n.edit_code, r.run_id;
COMMENT ON VIEW reporting.not_checked IS 'Grain: one row per automation, night, organization and edit that could not look at claims: its reference table is not loaded, or does not reach their service dates. Not checked is not passed.';
COMMENT ON COLUMN reporting.not_checked.claim_count IS 'Claims it could not look at; of several attempts at the night the most.';

-- Privileges -----------------------------------------------------------------------------------------------------------

-- A new function may be executed by everybody.
REVOKE ALL ON FUNCTION billing.record_severity_change(), billing.check_severity_scope(bigint, bigint, text),
    billing.set_edit_severity(bigint, bigint, text, text, text), billing.clear_edit_severity(bigint, bigint, text, text),
    billing.value_key(text), billing.override_finding(bigint, text, text, integer),
    billing.withdraw_override(bigint, text, text, integer),
    billing.record_rejection(text, text, text, text, date, text) FROM PUBLIC;
-- Past the functions a severity could be lowered that must not be.
REVOKE INSERT, UPDATE, DELETE ON billing.edit_severity FROM billing_settings;

GRANT SELECT ON billing.scrub, billing.finding_override, billing.claim_rejection, billing.edit_rejection,
    billing.sent_finding TO billing_pipeline, billing_settings;
GRANT SELECT ON reporting.scrub_findings, reporting.edit_effectiveness, reporting.not_checked
    TO billing_pipeline, billing_settings, billing_analyst;
GRANT INSERT ON billing.scrub TO billing_pipeline;
GRANT EXECUTE ON FUNCTION billing.value_key(text) TO billing_pipeline;
GRANT EXECUTE ON FUNCTION billing.set_edit_severity(bigint, bigint, text, text, text),
    billing.clear_edit_severity(bigint, bigint, text, text), billing.override_finding(bigint, text, text, integer),
    billing.withdraw_override(bigint, text, text, integer), billing.record_rejection(text, text, text, text, date, text)
    TO billing_settings;
