-- 0001_practice: what the practice-management side owns and writes.
-- Lock: creates only. Undo: DROP SCHEMA practice CASCADE (on an empty database).
-- Identifiers are the source system's own numbers; every reference also names the organization, so that no row can
-- point into another practice.

CREATE SCHEMA practice;
CREATE SCHEMA billing;
CREATE SCHEMA reporting;
COMMENT ON SCHEMA practice IS 'What the practice-management side owns and writes. Holds patient data.';
COMMENT ON SCHEMA billing IS 'What the nightly automation writes: settings, invoices, claims, files, decisions. Holds patient data.';
COMMENT ON SCHEMA reporting IS 'Stable views for analysts. No patient data.';

DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['billing_pipeline', 'billing_settings', 'billing_analyst'] LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;  -- roles belong to the server: another database of it may have made them
        END;
    END LOOP;
END
$$;

CREATE TABLE practice.timezone_bucket (
    timezone text PRIMARY KEY,
    ordinal smallint NOT NULL UNIQUE CHECK (ordinal >= 0),
    label text NOT NULL UNIQUE
);
COMMENT ON TABLE practice.timezone_bucket IS 'Grain: one row per IANA time zone in which organizations run. Append-only; equal to the timetable''s list.';
COMMENT ON COLUMN practice.timezone_bucket.ordinal IS 'Frozen for ever: it orders buckets that share an instant.';
COMMENT ON COLUMN practice.timezone_bucket.label IS 'Short city, as it stands in run ids.';
INSERT INTO practice.timezone_bucket (timezone, ordinal, label) VALUES
    ('America/New_York', 0, 'New_York'),
    ('America/Chicago', 1, 'Chicago'),
    ('America/Denver', 2, 'Denver'),
    ('America/Phoenix', 3, 'Phoenix'),
    ('America/Los_Angeles', 4, 'Los_Angeles'),
    ('America/Anchorage', 5, 'Anchorage'),
    ('Pacific/Honolulu', 6, 'Honolulu'),
    ('America/Puerto_Rico', 7, 'Puerto_Rico'),
    ('Pacific/Guam', 8, 'Guam'),
    ('America/Adak', 9, 'Adak'),
    ('Pacific/Pago_Pago', 10, 'Pago_Pago');

CREATE TABLE practice.timezone_alias (
    alias text PRIMARY KEY,
    timezone text NOT NULL REFERENCES practice.timezone_bucket
);
COMMENT ON TABLE practice.timezone_alias IS 'Grain: one row per other IANA name that keeps the same clock as a bucket today; mapped when an organization is written.';
INSERT INTO practice.timezone_alias (alias, timezone) VALUES
    ('US/Eastern', 'America/New_York'), ('America/Detroit', 'America/New_York'), ('US/Michigan', 'America/New_York'),
    ('US/East-Indiana', 'America/New_York'), ('America/Indianapolis', 'America/New_York'),
    ('America/Indiana/Indianapolis', 'America/New_York'), ('America/Indiana/Marengo', 'America/New_York'),
    ('America/Indiana/Petersburg', 'America/New_York'), ('America/Indiana/Vevay', 'America/New_York'),
    ('America/Indiana/Vincennes', 'America/New_York'), ('America/Indiana/Winamac', 'America/New_York'),
    ('America/Louisville', 'America/New_York'), ('America/Kentucky/Louisville', 'America/New_York'),
    ('America/Kentucky/Monticello', 'America/New_York'),
    ('US/Central', 'America/Chicago'), ('America/Menominee', 'America/Chicago'),
    ('America/Indiana/Knox', 'America/Chicago'), ('America/Indiana/Tell_City', 'America/Chicago'),
    ('US/Indiana-Starke', 'America/Chicago'), ('America/North_Dakota/Center', 'America/Chicago'),
    ('America/North_Dakota/New_Salem', 'America/Chicago'), ('America/North_Dakota/Beulah', 'America/Chicago'),
    ('US/Mountain', 'America/Denver'), ('America/Boise', 'America/Denver'), ('Navajo', 'America/Denver'),
    ('America/Shiprock', 'America/Denver'),
    ('US/Arizona', 'America/Phoenix'),
    ('US/Pacific', 'America/Los_Angeles'),
    ('US/Alaska', 'America/Anchorage'), ('America/Juneau', 'America/Anchorage'), ('America/Sitka', 'America/Anchorage'),
    ('America/Yakutat', 'America/Anchorage'), ('America/Nome', 'America/Anchorage'),
    ('America/Metlakatla', 'America/Anchorage'),
    ('US/Hawaii', 'Pacific/Honolulu'), ('Pacific/Johnston', 'Pacific/Honolulu'),
    ('US/Aleutian', 'America/Adak'), ('America/Atka', 'America/Adak'),
    ('US/Samoa', 'Pacific/Pago_Pago'), ('Pacific/Samoa', 'Pacific/Pago_Pago'), ('Pacific/Midway', 'Pacific/Pago_Pago'),
    ('America/St_Thomas', 'America/Puerto_Rico'), ('America/Virgin', 'America/Puerto_Rico'),
    ('Pacific/Saipan', 'Pacific/Guam');

CREATE TABLE practice.plan (
    plan_code text PRIMARY KEY,
    label text NOT NULL
);
COMMENT ON TABLE practice.plan IS 'Grain: one row per subscription plan.';

CREATE TABLE practice.plan_automation (
    plan_code text NOT NULL REFERENCES practice.plan,
    automation text NOT NULL
        CHECK (automation IN ('invoice_creation', 'invoice_processing', 'claims_submission', 'era_processing')),
    PRIMARY KEY (plan_code, automation)
);
COMMENT ON TABLE practice.plan_automation IS 'Grain: one row per plan and automation that it includes.';

CREATE TABLE practice.organization (
    organization_id bigint PRIMARY KEY,
    name text NOT NULL CHECK (name <> ''),
    timezone text NOT NULL REFERENCES practice.timezone_bucket,
    plan_code text NOT NULL REFERENCES practice.plan,
    is_sample boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE practice.organization IS 'Grain: one row per practice (tenant).';
COMMENT ON COLUMN practice.organization.timezone IS 'Its bucket. An alias in practice.timezone_alias is mapped when written.';
COMMENT ON COLUMN practice.organization.is_sample IS 'True only for organizations of the sample data.';
CREATE INDEX organization_by_timezone ON practice.organization (timezone, organization_id);

CREATE FUNCTION practice.map_timezone_alias() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.timezone := coalesce((SELECT a.timezone FROM practice.timezone_alias a WHERE a.alias = NEW.timezone), NEW.timezone);
    RETURN NEW;
END
$$;
CREATE TRIGGER map_timezone_alias BEFORE INSERT OR UPDATE OF timezone ON practice.organization
    FOR EACH ROW EXECUTE FUNCTION practice.map_timezone_alias();

CREATE TABLE practice.billing_provider (
    billing_provider_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    is_default boolean NOT NULL,
    entity_type text NOT NULL CHECK (entity_type IN ('person', 'organization')),
    name text NOT NULL CHECK (name <> ''),
    first_name text,
    npi text,
    tax_id text,
    tax_id_type text CHECK (tax_id_type IN ('employer', 'social_security')),
    taxonomy_code text,
    address_1 text,
    address_2 text,
    city text,
    state_code text,
    postal_code text,
    phone text,
    UNIQUE (organization_id, billing_provider_id)
);
COMMENT ON TABLE practice.billing_provider IS 'Grain: one row per billing provider of an organization (X12 loop 2010AA).';
COMMENT ON COLUMN practice.billing_provider.name IS 'Name of the organization, or last name when entity_type is person.';
COMMENT ON COLUMN practice.billing_provider.tax_id IS 'Digits only.';
COMMENT ON COLUMN practice.billing_provider.postal_code IS 'Digits only, 5 or 9.';
CREATE UNIQUE INDEX billing_provider_default ON practice.billing_provider (organization_id) WHERE is_default;

CREATE TABLE practice.location (
    location_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    name text NOT NULL CHECK (name <> ''),
    place_of_service_code text,
    npi text,
    address_1 text,
    address_2 text,
    city text,
    state_code text,
    postal_code text,
    UNIQUE (organization_id, location_id)
);
COMMENT ON TABLE practice.location IS 'Grain: one row per place where an organization works (X12 loop 2310C).';
COMMENT ON COLUMN practice.location.place_of_service_code IS 'CMS place of service, two digits; an appointment may say otherwise.';

CREATE TABLE practice.staff (
    staff_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    last_name text NOT NULL CHECK (last_name <> ''),
    first_name text,
    npi text,
    taxonomy_code text,
    supervisor_id bigint,
    supervision text NOT NULL DEFAULT 'none' CHECK (supervision IN ('none', 'approve', 'cosign')),
    is_billed_under_supervisor boolean NOT NULL DEFAULT false,
    UNIQUE (organization_id, staff_id),
    FOREIGN KEY (organization_id, supervisor_id) REFERENCES practice.staff (organization_id, staff_id),
    CHECK ((supervision = 'none') = (supervisor_id IS NULL)),
    CHECK (NOT is_billed_under_supervisor OR supervisor_id IS NOT NULL)
);
COMMENT ON TABLE practice.staff IS 'Grain: one row per clinician or other employee of an organization.';
COMMENT ON COLUMN practice.staff.supervision IS 'Whether the supervisor approves (the supervisee''s signature is enough) or cosigns (both signatures).';
COMMENT ON COLUMN practice.staff.is_billed_under_supervisor IS 'True: the supervisor stands as rendering provider on the claim.';

CREATE TABLE practice.insurer (
    insurer_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    name text NOT NULL CHECK (name <> ''),
    payer_code text,
    claim_filing_code text,
    billing_provider_id bigint,
    deleted_on date,
    UNIQUE (organization_id, insurer_id),
    FOREIGN KEY (organization_id, billing_provider_id)
        REFERENCES practice.billing_provider (organization_id, billing_provider_id)
);
COMMENT ON TABLE practice.insurer IS 'Grain: one row per insurer of an organization (X12: payer).';
COMMENT ON COLUMN practice.insurer.payer_code IS 'The clearinghouse''s payer id (2010BB NM109).';
COMMENT ON COLUMN practice.insurer.claim_filing_code IS 'X12 claim filing indicator (2000B SBR09), e.g. CI, BL, MB.';
COMMENT ON COLUMN practice.insurer.billing_provider_id IS 'Billing provider for this insurer; absent: the organization''s default.';

CREATE TABLE practice.client (
    client_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    last_name text,
    first_name text,
    middle_name text,
    birth_on date,
    sex text CHECK (sex IN ('F', 'M', 'U')),
    address_1 text,
    address_2 text,
    city text,
    state_code text,
    postal_code text,
    UNIQUE (organization_id, client_id)
);
COMMENT ON TABLE practice.client IS 'Grain: one row per person treated. Patient data.';

CREATE TABLE practice.client_payment (
    client_id bigint NOT NULL,
    organization_id bigint NOT NULL,
    starts_on date NOT NULL,
    pays_by text NOT NULL CHECK (pays_by IN ('insurance', 'self_pay')),
    PRIMARY KEY (client_id, starts_on),
    FOREIGN KEY (organization_id, client_id) REFERENCES practice.client (organization_id, client_id)
);
COMMENT ON TABLE practice.client_payment IS 'Grain: one row per client and day from which "Client pays by" holds, until the next row.';

CREATE TABLE practice.policy (
    policy_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL,
    client_id bigint NOT NULL,
    insurer_id bigint NOT NULL,
    level text NOT NULL CHECK (level IN ('primary', 'secondary', 'tertiary')),
    starts_on date,
    ends_on date,
    member_id text,
    group_number text,
    relationship text NOT NULL DEFAULT 'self' CHECK (relationship IN ('self', 'spouse', 'child', 'other')),
    subscriber_last_name text,
    subscriber_first_name text,
    subscriber_middle_name text,
    subscriber_birth_on date,
    subscriber_sex text CHECK (subscriber_sex IN ('F', 'M', 'U')),
    subscriber_address_1 text,
    subscriber_address_2 text,
    subscriber_city text,
    subscriber_state_code text,
    subscriber_postal_code text,
    has_assignment_of_benefits boolean NOT NULL DEFAULT true,
    has_release_of_information boolean NOT NULL DEFAULT true,
    FOREIGN KEY (organization_id, client_id) REFERENCES practice.client (organization_id, client_id),
    FOREIGN KEY (organization_id, insurer_id) REFERENCES practice.insurer (organization_id, insurer_id),
    CHECK (ends_on >= starts_on)
);
COMMENT ON TABLE practice.policy IS 'Grain: one row per client, insurer, level and period. Patient data. Subscriber columns only when relationship is not self.';
COMMENT ON COLUMN practice.policy.starts_on IS 'First day of coverage; absent: open. Of two policies of one level in force the later start counts.';
COMMENT ON COLUMN practice.policy.ends_on IS 'Last day of coverage, included; absent: open.';
CREATE INDEX policy_by_client ON practice.policy (client_id, level);

CREATE TABLE practice.prior_authorization (
    prior_authorization_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL,
    client_id bigint NOT NULL,
    insurer_id bigint NOT NULL,
    service_type_id bigint,
    authorization_number text NOT NULL CHECK (authorization_number <> ''),
    starts_on date NOT NULL,
    ends_on date,
    visit_limit integer CHECK (visit_limit > 0),
    FOREIGN KEY (organization_id, client_id) REFERENCES practice.client (organization_id, client_id),
    FOREIGN KEY (organization_id, insurer_id) REFERENCES practice.insurer (organization_id, insurer_id),
    CHECK (ends_on >= starts_on)
);
COMMENT ON TABLE practice.prior_authorization IS 'Grain: one row per authorization an insurer gave for a client (X12 2300 REF*G1).';
COMMENT ON COLUMN practice.prior_authorization.service_type_id IS 'Absent: for every service.';
CREATE INDEX prior_authorization_by_client ON practice.prior_authorization (client_id, insurer_id);

CREATE TABLE practice.service_type (
    service_type_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    name text NOT NULL CHECK (name <> ''),
    procedure_code text,
    modifier_1 text,
    modifier_2 text,
    modifier_3 text,
    modifier_4 text,
    UNIQUE (organization_id, service_type_id)
);
COMMENT ON TABLE practice.service_type IS 'Grain: one row per service an organization sells.';
COMMENT ON COLUMN practice.service_type.modifier_1 IS 'Default modifiers; an appointment''s service may name its own instead.';

CREATE TABLE practice.fee (
    fee_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL,
    service_type_id bigint NOT NULL,
    insurer_id bigint,
    starts_on date NOT NULL,
    rate_amount numeric(12, 2) CHECK (rate_amount >= 0),
    FOREIGN KEY (organization_id, service_type_id) REFERENCES practice.service_type (organization_id, service_type_id),
    FOREIGN KEY (organization_id, insurer_id) REFERENCES practice.insurer (organization_id, insurer_id)
);
COMMENT ON TABLE practice.fee IS 'Grain: one row per service type, insurer (absent: the default rate, also for self-pay) and day from which the rate holds, until the next row.';
COMMENT ON COLUMN practice.fee.rate_amount IS 'Dollars per unit that the practice charges; absent: no rate from that day; 0.00 blocks the invoice.';
CREATE UNIQUE INDEX fee_once ON practice.fee (service_type_id, coalesce(insurer_id, 0), starts_on);

CREATE TABLE practice.appointment (
    appointment_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL,
    client_id bigint NOT NULL,
    staff_id bigint NOT NULL,
    location_id bigint NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    appointment_status text NOT NULL
        CHECK (appointment_status IN ('scheduled', 'kept', 'cancelled', 'late_cancelled', 'no_show')),
    is_billable boolean NOT NULL DEFAULT true,
    place_of_service_code text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (organization_id, client_id) REFERENCES practice.client (organization_id, client_id),
    FOREIGN KEY (organization_id, staff_id) REFERENCES practice.staff (organization_id, staff_id),
    FOREIGN KEY (organization_id, location_id) REFERENCES practice.location (organization_id, location_id),
    CHECK (ends_at > starts_at)
);
COMMENT ON TABLE practice.appointment IS 'Grain: one row per appointment.';
COMMENT ON COLUMN practice.appointment.place_of_service_code IS 'Absent: the location''s. 10 or 02 for telehealth.';
CREATE INDEX appointment_billable ON practice.appointment (organization_id, starts_at)
    WHERE appointment_status = 'kept' AND is_billable;

CREATE TABLE practice.appointment_service (
    appointment_id bigint NOT NULL REFERENCES practice.appointment,
    line_number smallint NOT NULL CHECK (line_number BETWEEN 1 AND 500),
    organization_id bigint NOT NULL,
    service_type_id bigint NOT NULL,
    unit_count integer NOT NULL,
    modifier_1 text,
    modifier_2 text,
    modifier_3 text,
    modifier_4 text,
    PRIMARY KEY (appointment_id, line_number),
    FOREIGN KEY (organization_id, service_type_id) REFERENCES practice.service_type (organization_id, service_type_id)
);
COMMENT ON TABLE practice.appointment_service IS 'Grain: one row per service of an appointment, in the order of the future invoice lines.';
COMMENT ON COLUMN practice.appointment_service.modifier_1 IS 'When any of the four is named, the four stand instead of the service type''s.';

CREATE TABLE practice.progress_note (
    progress_note_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    appointment_id bigint NOT NULL REFERENCES practice.appointment,
    staff_id bigint NOT NULL,
    provider_signed_at timestamptz,
    supervisor_signed_at timestamptz,
    FOREIGN KEY (organization_id, staff_id) REFERENCES practice.staff (organization_id, staff_id)
);
COMMENT ON TABLE practice.progress_note IS 'Grain: one row per progress note of an appointment; the text stays in the practice-management system.';
CREATE INDEX progress_note_by_appointment ON practice.progress_note (appointment_id);

CREATE TABLE practice.diagnosis (
    client_id bigint NOT NULL,
    organization_id bigint NOT NULL,
    rank smallint NOT NULL CHECK (rank BETWEEN 1 AND 12),
    diagnosis_code text NOT NULL CHECK (diagnosis_code ~ '^[A-Z0-9]{3,7}$'),
    starts_on date NOT NULL,
    ends_on date,
    PRIMARY KEY (client_id, rank, starts_on),
    FOREIGN KEY (organization_id, client_id) REFERENCES practice.client (organization_id, client_id),
    CHECK (ends_on >= starts_on)
);
COMMENT ON TABLE practice.diagnosis IS 'Grain: one row per client, rank and period; the claim takes those in force on the service date. Patient data.';
COMMENT ON COLUMN practice.diagnosis.diagnosis_code IS 'ICD-10-CM without the dot, upper case.';
