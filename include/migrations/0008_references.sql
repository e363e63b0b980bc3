-- 0008_references: the reference tables that edits compare claims with, and which release of each is in use.
-- Lock: creates only. Undo: DROP VIEW reporting.reference_tables; DROP SCHEMA reference CASCADE;
--   DROP TABLE billing.reference_release.
-- A release replaces the one before it as a whole, in one transaction of include.reference_data.load; a release that
-- fails to load leaves the one before it. Only the owner loads; the nightly runs and the settings page read.

CREATE TABLE billing.reference_release (
    release_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    table_name text NOT NULL,
    release_label text NOT NULL CHECK (release_label <> ''),
    source text NOT NULL CHECK (source <> ''),
    origin text NOT NULL CHECK (origin IN ('shipped', 'supplied')),
    covers_from date,
    covers_to date,
    loaded_at timestamptz NOT NULL DEFAULT now(),
    sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    row_count integer NOT NULL CHECK (row_count > 0),
    is_current boolean NOT NULL DEFAULT true,
    CHECK (covers_from <= covers_to)
);
COMMENT ON TABLE billing.reference_release IS 'Grain: one row per release of a reference table that was loaded. The rows themselves stand in schema reference, for the current release only.';
COMMENT ON COLUMN billing.reference_release.table_name IS 'The table of schema reference, and the name an edit needs it by.';
COMMENT ON COLUMN billing.reference_release.release_label IS 'What the source calls this state of the table, e.g. a quarter.';
COMMENT ON COLUMN billing.reference_release.source IS 'Who published it.';
COMMENT ON COLUMN billing.reference_release.origin IS 'shipped: came with the software. supplied: a file of the practice''s own.';
COMMENT ON COLUMN billing.reference_release.covers_from IS 'First service date the table is good for; absent: any. Claims outside are reported as not checked.';
COMMENT ON COLUMN billing.reference_release.covers_to IS 'Last service date the table is good for; absent: any later one.';
COMMENT ON COLUMN billing.reference_release.sha256 IS 'Checksum of the CSV text (unpacked) the release was loaded from.';
COMMENT ON COLUMN billing.reference_release.is_current IS 'The release in use; at most one per table.';
CREATE UNIQUE INDEX reference_release_current ON billing.reference_release (table_name) WHERE is_current;

CREATE SCHEMA reference;
COMMENT ON SCHEMA reference IS 'Code sets and payer rules that edits compare claims with. starts_on and ends_on are both included; absent is open.';

CREATE TABLE reference.payer_list (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    payer_code text NOT NULL,
    PRIMARY KEY (release_id, payer_code)
);
COMMENT ON TABLE reference.payer_list IS 'Grain: one row per payer id the clearinghouse routes to.';

CREATE TABLE reference.timely_filing (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    payer_code text NOT NULL,
    limit_days integer NOT NULL CHECK (limit_days > 0),
    PRIMARY KEY (release_id, payer_code)
);
COMMENT ON TABLE reference.timely_filing IS 'Grain: one row per payer with a limit for sending claims.';
COMMENT ON COLUMN reference.timely_filing.limit_days IS 'Days from the service date to the last day on which the claim may arrive.';

CREATE TABLE reference.payer_authorization (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    payer_code text NOT NULL,
    procedure_code text
);
COMMENT ON TABLE reference.payer_authorization IS 'Grain: one row per payer and service that needs a prior authorization.';
COMMENT ON COLUMN reference.payer_authorization.procedure_code IS 'Absent: every service.';
CREATE UNIQUE INDEX payer_authorization_key
    ON reference.payer_authorization (release_id, payer_code, coalesce(procedure_code, ''));

CREATE TABLE reference.payer_license (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    payer_code text NOT NULL,
    license_type text NOT NULL,
    PRIMARY KEY (release_id, payer_code, license_type)
);
COMMENT ON TABLE reference.payer_license IS 'Grain: one row per payer and licence type it pays. A payer without rows is not checked.';
COMMENT ON COLUMN reference.payer_license.license_type IS 'As in practice.staff.license_type.';

CREATE TABLE reference.payer_supervision (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    payer_code text NOT NULL,
    license_type text NOT NULL,
    PRIMARY KEY (release_id, payer_code, license_type)
);
COMMENT ON TABLE reference.payer_supervision IS 'Grain: one row per payer and licence type it pays only with a supervisor on the claim.';
COMMENT ON COLUMN reference.payer_supervision.license_type IS 'As in practice.staff.license_type.';

CREATE TABLE reference.payer_enrollment (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    payer_code text NOT NULL,
    npi text NOT NULL,
    PRIMARY KEY (release_id, payer_code, npi)
);
COMMENT ON TABLE reference.payer_enrollment IS 'Grain: one row per payer and billing NPI enrolled for electronic claims. A payer without rows is not checked.';

CREATE TABLE reference.payer_telehealth (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    payer_code text NOT NULL,
    telehealth text NOT NULL CHECK (telehealth IN ('video', 'audio')),
    modifier text NOT NULL,
    PRIMARY KEY (release_id, payer_code, telehealth, modifier)
);
COMMENT ON TABLE reference.payer_telehealth IS 'Grain: one row per payer, kind of telehealth and modifier it accepts for it.';

CREATE TABLE reference.diagnosis_code (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    diagnosis_code text NOT NULL,
    is_billable boolean NOT NULL,
    starts_on date,
    ends_on date,
    CHECK (starts_on <= ends_on)
);
COMMENT ON TABLE reference.diagnosis_code IS 'Grain: one row per ICD-10-CM code and period in which it is in force.';
COMMENT ON COLUMN reference.diagnosis_code.diagnosis_code IS 'Without the dot, upper case.';
COMMENT ON COLUMN reference.diagnosis_code.is_billable IS 'False: a heading, more characters are needed.';
CREATE UNIQUE INDEX diagnosis_code_key
    ON reference.diagnosis_code (release_id, diagnosis_code, coalesce(starts_on, '-infinity'));

CREATE TABLE reference.procedure_code (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    procedure_code text NOT NULL,
    starts_on date,
    ends_on date,
    CHECK (starts_on <= ends_on)
);
COMMENT ON TABLE reference.procedure_code IS 'Grain: one row per CPT or HCPCS code and period in which it is in force.';
CREATE UNIQUE INDEX procedure_code_key
    ON reference.procedure_code (release_id, procedure_code, coalesce(starts_on, '-infinity'));

CREATE TABLE reference.place_of_service (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    place_of_service_code text NOT NULL,
    starts_on date,
    ends_on date,
    CHECK (starts_on <= ends_on)
);
COMMENT ON TABLE reference.place_of_service IS 'Grain: one row per place of service code and period in which it is in force.';
CREATE UNIQUE INDEX place_of_service_key
    ON reference.place_of_service (release_id, place_of_service_code, coalesce(starts_on, '-infinity'));

CREATE TABLE reference.state (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    state_code text NOT NULL,
    postal_prefix text NOT NULL,
    PRIMARY KEY (release_id, state_code, postal_prefix)
);
COMMENT ON TABLE reference.state IS 'Grain: one row per state, territory or military region and three-digit ZIP prefix used in it.';

CREATE TABLE reference.claim_filing (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    claim_filing_code text NOT NULL,
    starts_on date,
    ends_on date,
    CHECK (starts_on <= ends_on)
);
COMMENT ON TABLE reference.claim_filing IS 'Grain: one row per claim filing indicator (SBR09) and period in which it is in force.';
CREATE UNIQUE INDEX claim_filing_key
    ON reference.claim_filing (release_id, claim_filing_code, coalesce(starts_on, '-infinity'));

CREATE TABLE reference.modifier (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    modifier text NOT NULL,
    PRIMARY KEY (release_id, modifier)
);
COMMENT ON TABLE reference.modifier IS 'Grain: one row per CPT or HCPCS modifier.';

CREATE TABLE reference.taxonomy (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    taxonomy_code text NOT NULL,
    PRIMARY KEY (release_id, taxonomy_code)
);
COMMENT ON TABLE reference.taxonomy IS 'Grain: one row per provider taxonomy code of NUCC.';

CREATE TABLE reference.mue (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    procedure_code text NOT NULL,
    unit_limit integer NOT NULL CHECK (unit_limit >= 0),
    adjudication_indicator text NOT NULL CHECK (adjudication_indicator IN ('1', '2', '3')),
    starts_on date,
    ends_on date,
    CHECK (starts_on <= ends_on)
);
COMMENT ON TABLE reference.mue IS 'Grain: one row per procedure code with a medically unlikely edit of CMS (practitioner services) and period.';
COMMENT ON COLUMN reference.mue.unit_limit IS 'Most units that are paid.';
COMMENT ON COLUMN reference.mue.adjudication_indicator IS '1: per line. 2: per day, absolute. 3: per day, can be appealed.';
CREATE UNIQUE INDEX mue_key ON reference.mue (release_id, procedure_code, coalesce(starts_on, '-infinity'));

CREATE TABLE reference.ncci_pair (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    column_1_code text NOT NULL,
    column_2_code text NOT NULL,
    modifier_indicator text NOT NULL CHECK (modifier_indicator IN ('0', '1', '9')),
    starts_on date,
    ends_on date,
    CHECK (starts_on <= ends_on)
);
COMMENT ON TABLE reference.ncci_pair IS 'Grain: one row per NCCI procedure-to-procedure edit (practitioner services) and period.';
COMMENT ON COLUMN reference.ncci_pair.column_1_code IS 'The code that is paid.';
COMMENT ON COLUMN reference.ncci_pair.column_2_code IS 'The code that is not paid beside it on the same day.';
COMMENT ON COLUMN reference.ncci_pair.modifier_indicator IS '0: no modifier helps. 1: a modifier may. 9: the edit was withdrawn.';
CREATE UNIQUE INDEX ncci_pair_key
    ON reference.ncci_pair (release_id, column_1_code, column_2_code, coalesce(starts_on, '-infinity'));

CREATE TABLE reference.psychotherapy (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    procedure_code text NOT NULL,
    role text NOT NULL CHECK (role IN ('individual', 'individual_with_em', 'family', 'group', 'crisis', 'crisis_add_on',
        'evaluation', 'interactive_complexity', 'em')),
    PRIMARY KEY (release_id, procedure_code, role)
);
COMMENT ON TABLE reference.psychotherapy IS 'Grain: one row per procedure code and its role in psychotherapy coding.';
COMMENT ON COLUMN reference.psychotherapy.role IS 'individual_with_em: an add-on to an evaluation and management service, role em.';

CREATE TABLE reference.psychotherapy_minutes (
    release_id bigint NOT NULL REFERENCES billing.reference_release,
    procedure_code text NOT NULL,
    minimum_minutes integer NOT NULL CHECK (minimum_minutes > 0),
    PRIMARY KEY (release_id, procedure_code)
);
COMMENT ON TABLE reference.psychotherapy_minutes IS 'Grain: one row per psychotherapy code with a least duration.';
COMMENT ON COLUMN reference.psychotherapy_minutes.minimum_minutes IS 'Least length of the whole session in minutes.';

CREATE VIEW reporting.reference_tables AS
SELECT r.table_name, r.release_label, r.source, r.origin, r.covers_from, r.covers_to, r.loaded_at, r.row_count
FROM billing.reference_release r
WHERE r.is_current;
COMMENT ON VIEW reporting.reference_tables IS 'Grain: one row per reference table that is loaded, with the release in use. A claim whose service date lies outside covers_from and covers_to is reported as not checked by the edits that need the table.';

GRANT USAGE ON SCHEMA reference TO billing_pipeline, billing_settings;
GRANT SELECT ON ALL TABLES IN SCHEMA reference TO billing_pipeline, billing_settings;
GRANT SELECT ON billing.reference_release TO billing_pipeline, billing_settings;
GRANT SELECT ON reporting.reference_tables TO billing_pipeline, billing_settings, billing_analyst;
