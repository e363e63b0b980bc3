-- 0007_claim_details: what a claim may carry beyond the plain case: a referring provider, a pay-to address, licences,
-- accident, notes, what an unlisted code stands for, more than fifty lines, and what an earlier insurer decided.
-- Lock: practice.appointment and the other altered tables are locked for as long as their new checks and the two
-- indexes on practice.appointment read them: some seconds per million appointments. Undo: drop the tables, columns,
-- indexes and functions made here; run the CREATE FUNCTION statements of 0003 for billing.create_invoice,
-- billing.create_claim and billing.move_back_claim again, and CREATE VIEW reporting.claims of 0004 after a DROP.

-- What the practice says

ALTER TABLE practice.billing_provider
    ADD COLUMN pay_to_address_1 text,
    ADD COLUMN pay_to_address_2 text,
    ADD COLUMN pay_to_city text,
    ADD COLUMN pay_to_state_code text,
    ADD COLUMN pay_to_postal_code text;
COMMENT ON COLUMN practice.billing_provider.pay_to_address_1 IS 'Where payments go when not to the billing address, e.g. a PO box (X12 loop 2010AB); absent: to the billing address.';
COMMENT ON COLUMN practice.billing_provider.pay_to_postal_code IS 'Digits only, 5 or 9.';

ALTER TABLE practice.staff ADD COLUMN license_type text;
COMMENT ON COLUMN practice.staff.license_type IS 'The licence in the practice''s own words or letters (LCSW, PhD, …), compared with what an insurer pays; absent: not compared.';

CREATE TABLE practice.referring_provider (
    referring_provider_id bigint PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES practice.organization,
    entity_type text NOT NULL CHECK (entity_type IN ('person', 'organization')),
    last_name text,
    first_name text,
    npi text,
    UNIQUE (organization_id, referring_provider_id)
);
COMMENT ON TABLE practice.referring_provider IS 'Grain: one row per provider outside the organization who refers clients to it (X12 loop 2310A).';
COMMENT ON COLUMN practice.referring_provider.entity_type IS 'A claim takes a person only; an organization is kept so that the scrubber can say so.';
COMMENT ON COLUMN practice.referring_provider.last_name IS 'Last name, or the name of the organization.';

ALTER TABLE practice.client
    ADD COLUMN referring_provider_id bigint,
    ADD FOREIGN KEY (organization_id, referring_provider_id)
        REFERENCES practice.referring_provider (organization_id, referring_provider_id);
COMMENT ON COLUMN practice.client.referring_provider_id IS 'Who referred the client; absent: nobody, or the insurer does not ask.';

ALTER TABLE practice.appointment
    ADD COLUMN telehealth text CHECK (telehealth IN ('video', 'audio')),
    ADD COLUMN accident_cause text CHECK (accident_cause IN ('auto', 'employment', 'other')),
    ADD COLUMN accident_on date,
    ADD COLUMN accident_state_code text,
    ADD COLUMN claim_note text;
COMMENT ON COLUMN practice.appointment.telehealth IS 'How client and clinician met at a distance; absent: in person.';
COMMENT ON COLUMN practice.appointment.accident_cause IS 'The accident the treated condition comes from (CLM11); absent: none.';
COMMENT ON COLUMN practice.appointment.accident_on IS 'Local date of the accident.';
COMMENT ON COLUMN practice.appointment.accident_state_code IS 'State of the accident; insurers ask for it when the cause is auto.';
COMMENT ON COLUMN practice.appointment.claim_note IS 'A note to the insurer about the claim (2300 NTE). Patient data.';

ALTER TABLE practice.appointment_service ADD COLUMN claim_note text;
COMMENT ON COLUMN practice.appointment_service.claim_note IS 'A note to the insurer about this line (2400 NTE). Patient data.';

ALTER TABLE practice.service_type ADD COLUMN description text;
COMMENT ON COLUMN practice.service_type.description IS 'What an unlisted procedure code stands for (SV101-7), e.g. with 90899.';

-- Other sessions of a client's or a clinician's day are found through appointments, so that the nights, which write
-- invoices and claims, pay for no further index; who writes an appointment pays about a microsecond for each.
CREATE INDEX appointment_by_client ON practice.appointment (client_id, starts_at);
CREATE INDEX appointment_by_staff ON practice.appointment (staff_id, starts_at);
CREATE INDEX appointment_service_with_note ON practice.appointment_service (appointment_id) WHERE claim_note IS NOT NULL;

-- More than fifty lines

ALTER TABLE billing.invoice ADD COLUMN last_line_number smallint;
COMMENT ON COLUMN billing.invoice.last_line_number IS 'Number of its last line: beyond fifty the lines become several claims. Absent: made before this was noted, and at most fifty.';
ALTER TABLE billing.candidate ADD COLUMN last_line_number smallint;
COMMENT ON COLUMN billing.candidate.last_line_number IS 'Of the invoice a claim is made of, see billing.invoice.';
COMMENT ON COLUMN billing.claim.part IS 'Part 1 holds the invoice''s lines 1 to 50, part 2 lines 51 to 100, and so on; a level''s parts are linked by invoice_id and level, and total_amount is of the part.';

-- What an insurer decided

CREATE TABLE billing.adjudication (
    adjudication_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL,
    claim_id bigint NOT NULL REFERENCES billing.claim,
    payer_claim_control_number text,
    paid_amount numeric(12, 2) NOT NULL CHECK (paid_amount >= 0),
    adjudicated_on date NOT NULL,
    is_crossed_over boolean NOT NULL DEFAULT false,
    recorded_by text NOT NULL DEFAULT billing.actor(),
    recorded_at timestamptz NOT NULL DEFAULT billing.clock(),
    withdrawn_by text,
    withdrawn_at timestamptz,
    CHECK ((withdrawn_by IS NULL) = (withdrawn_at IS NULL))
);
COMMENT ON TABLE billing.adjudication IS 'Grain: one row per decision of an insurer on a claim, at most one of them standing. The claims of later levels carry it (2320, 2330B, 2430).';
COMMENT ON COLUMN billing.adjudication.payer_claim_control_number IS 'The insurer''s own number of the claim (835 CLP07).';
COMMENT ON COLUMN billing.adjudication.paid_amount IS 'Dollars paid on the whole claim (835 CLP04); 0.00 when it paid nothing.';
COMMENT ON COLUMN billing.adjudication.adjudicated_on IS 'Date of the remittance (DTP*573).';
COMMENT ON COLUMN billing.adjudication.is_crossed_over IS 'The insurer sends the claim on to the next one by itself: the practice must not.';
COMMENT ON COLUMN billing.adjudication.withdrawn_at IS 'When it was found wrong; absent: it stands.';
CREATE UNIQUE INDEX adjudication_live_once ON billing.adjudication (claim_id) WHERE withdrawn_at IS NULL;

CREATE TABLE billing.adjudication_line (
    adjudication_id bigint NOT NULL REFERENCES billing.adjudication,
    line_number smallint NOT NULL CHECK (line_number > 0),
    procedure_code text,
    modifier_1 text,
    modifier_2 text,
    modifier_3 text,
    modifier_4 text,
    unit_count integer CHECK (unit_count >= 0),
    paid_amount numeric(12, 2) NOT NULL CHECK (paid_amount >= 0),
    PRIMARY KEY (adjudication_id, line_number)
);
COMMENT ON TABLE billing.adjudication_line IS 'Grain: one row per adjudication and claim line it decided on; none when the insurer decided on the claim as a whole.';
COMMENT ON COLUMN billing.adjudication_line.line_number IS 'Line of the invoice, as in billing.invoice_line.';
COMMENT ON COLUMN billing.adjudication_line.procedure_code IS 'As the insurer paid it, which may differ from what was billed.';
COMMENT ON COLUMN billing.adjudication_line.unit_count IS 'Units paid for; absent: those billed.';
COMMENT ON COLUMN billing.adjudication_line.paid_amount IS 'Dollars paid on the line.';

CREATE TABLE billing.adjustment (
    adjudication_id bigint NOT NULL REFERENCES billing.adjudication,
    line_number smallint NOT NULL CHECK (line_number >= 0),
    group_code text NOT NULL CHECK (group_code IN ('CO', 'PR', 'OA', 'PI', 'CR')),
    reason_code text NOT NULL CHECK (reason_code ~ '^[0-9A-Z]{1,5}$'),
    amount numeric(12, 2) NOT NULL CHECK (amount <> 0),
    quantity integer CHECK (quantity > 0),
    PRIMARY KEY (adjudication_id, line_number, group_code, reason_code)
);
COMMENT ON TABLE billing.adjustment IS 'Grain: one row per adjudication, line (0: the claim), group and reason by which the insurer paid less (or more) than was charged (CAS). Several of one remittance with the same codes are one row.';
COMMENT ON COLUMN billing.adjustment.line_number IS '0: the claim as a whole; else a line that has a row in billing.adjudication_line.';
COMMENT ON COLUMN billing.adjustment.group_code IS 'Who bears it: CO the practice by contract, PR the patient, OA, PI, CR others.';
COMMENT ON COLUMN billing.adjustment.reason_code IS 'Claim adjustment reason code, e.g. 45, 1, 2, 253.';
COMMENT ON COLUMN billing.adjustment.amount IS 'Dollars not paid of the charge; negative where more was paid.';

CREATE FUNCTION billing.record_adjudication(
    for_claim_id bigint, paid numeric, decided_on date, control_number text DEFAULT NULL,
    crossed_over boolean DEFAULT false, decided_lines jsonb DEFAULT '[]'
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    c billing.claim;
    wrong text;
    made_id bigint;
BEGIN
    SELECT k.* INTO c FROM billing.claim k WHERE k.claim_id = for_claim_id AND k.claim_status <> 'void' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no live claim %', for_claim_id;
    END IF;
    IF c.submitted_at IS NULL THEN
        RAISE EXCEPTION 'claim % was never sent: if it went to the insurer by another way, say so first (billing.mark_claim_sent)', for_claim_id;
    END IF;
    -- NaN is a number to PostgreSQL, the greatest of all.
    IF (paid BETWEEN 0 AND 9999999999.99) IS NOT TRUE OR decided_on IS NULL OR paid <> round(paid, 2) THEN
        RAISE EXCEPTION 'claim %: a decision needs the amount paid (0.00 or more, whole cents) and its date', for_claim_id;
    END IF;
    IF decided_on > billing.local_today(c.organization_id) THEN
        RAISE EXCEPTION 'claim %: the decision lies in the future: check its date', for_claim_id;
    END IF;
    IF EXISTS (SELECT FROM billing.adjudication a WHERE a.claim_id = c.claim_id AND a.withdrawn_at IS NULL) THEN
        RAISE EXCEPTION 'claim % has a decision already: withdraw it first (billing.withdraw_adjudication)', for_claim_id;
    END IF;
    IF jsonb_typeof(decided_lines) IS DISTINCT FROM 'array'
        OR EXISTS (
            SELECT FROM jsonb_array_elements(decided_lines) AS l (said)
            WHERE jsonb_typeof(l.said) <> 'object' OR jsonb_typeof(l.said -> 'line_number') IS DISTINCT FROM 'number'
                OR coalesce(jsonb_typeof(l.said -> 'adjustments'), 'array') <> 'array'
        ) THEN
        RAISE EXCEPTION 'claim %: lines are a JSON array of objects, each with line_number, paid_amount and adjustments (an array)', for_claim_id;
    END IF;
    -- Line 0 holds the adjustments of the claim as a whole, so nothing is paid on it.
    SELECT string_agg(said.line_number::text, ', ' ORDER BY said.line_number) INTO wrong
    FROM jsonb_to_recordset(decided_lines) AS said (line_number integer, paid_amount numeric)
    WHERE CASE WHEN said.line_number = 0 THEN said.paid_amount IS NOT NULL
        ELSE (said.paid_amount BETWEEN 0 AND 9999999999.99) IS NOT TRUE OR said.paid_amount <> round(said.paid_amount, 2)
            OR said.line_number NOT BETWEEN 50 * (c.part - 1) + 1 AND 50 * c.part
            OR NOT EXISTS (
                SELECT FROM billing.invoice_line n
                WHERE n.invoice_id = c.invoice_id AND n.line_number = said.line_number
            )
        END;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'claim %: line % is not of this claim, or has no paid_amount of 0.00 or more (line 0 takes adjustments only)', for_claim_id, wrong;
    END IF;
    SELECT string_agg(DISTINCT said.line_number::text, ', ') INTO wrong
    FROM jsonb_to_recordset(decided_lines) AS said (line_number integer, adjustments jsonb)
    CROSS JOIN LATERAL jsonb_to_recordset(coalesce(said.adjustments, '[]'))
        AS x (group_code text, reason_code text, amount numeric, quantity integer)
    WHERE (x.group_code IN ('CO', 'PR', 'OA', 'PI', 'CR')) IS NOT TRUE OR (x.reason_code ~ '^[0-9A-Z]{1,5}$') IS NOT TRUE
        OR (abs(x.amount) BETWEEN 0.01 AND 9999999999.99) IS NOT TRUE OR x.amount <> round(x.amount, 2) OR x.quantity <= 0;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'claim %: an adjustment of line % needs group_code (CO, PR, OA, PI or CR), reason_code and an amount that is not 0', for_claim_id, wrong;
    END IF;
    IF (SELECT count(*) <> count(DISTINCT (l.said ->> 'line_number')::integer) FROM jsonb_array_elements(decided_lines) AS l (said)) THEN
        RAISE EXCEPTION 'claim %: a line is named twice', for_claim_id;
    END IF;
    INSERT INTO billing.adjudication (organization_id, claim_id, payer_claim_control_number, paid_amount, adjudicated_on,
        is_crossed_over)
    VALUES (c.organization_id, c.claim_id, nullif(control_number, ''), paid, decided_on, coalesce(crossed_over, false))
    RETURNING adjudication_id INTO made_id;
    INSERT INTO billing.adjudication_line (adjudication_id, line_number, procedure_code, modifier_1, modifier_2,
        modifier_3, modifier_4, unit_count, paid_amount)
    -- What is not said is as billed; whoever names another code names its modifiers too.
    SELECT made_id, n.line_number, coalesce(said.procedure_code, n.procedure_code),
        CASE WHEN said.procedure_code IS NULL THEN n.modifier_1 ELSE said.modifier_1 END,
        CASE WHEN said.procedure_code IS NULL THEN n.modifier_2 ELSE said.modifier_2 END,
        CASE WHEN said.procedure_code IS NULL THEN n.modifier_3 ELSE said.modifier_3 END,
        CASE WHEN said.procedure_code IS NULL THEN n.modifier_4 ELSE said.modifier_4 END,
        coalesce(said.unit_count, n.unit_count), said.paid_amount
    FROM jsonb_to_recordset(decided_lines) AS said (line_number integer, procedure_code text, modifier_1 text,
        modifier_2 text, modifier_3 text, modifier_4 text, unit_count integer, paid_amount numeric)
    JOIN billing.invoice_line n ON n.invoice_id = c.invoice_id AND n.line_number = said.line_number;
    INSERT INTO billing.adjustment (adjudication_id, line_number, group_code, reason_code, amount, quantity)
    SELECT made_id, said.line_number, x.group_code, x.reason_code, sum(x.amount), sum(x.quantity)
    FROM jsonb_to_recordset(decided_lines) AS said (line_number integer, adjustments jsonb)
    CROSS JOIN LATERAL jsonb_to_recordset(coalesce(said.adjustments, '[]'))
        AS x (group_code text, reason_code text, amount numeric, quantity integer)
    GROUP BY said.line_number, x.group_code, x.reason_code
    HAVING sum(x.amount) <> 0;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (c.organization_id, 'claim', c.claim_id, 'adjudication recorded',
        jsonb_build_object('adjudication_id', made_id, 'adjudicated_on', decided_on, 'crossed_over', coalesce(crossed_over, false)));
    RETURN made_id;
END
$$;
COMMENT ON FUNCTION billing.record_adjudication IS 'Writes by hand what an insurer decided on a claim that was sent. decided_lines: [{"line_number": 1, "paid_amount": 80.00, "adjustments": [{"group_code": "CO", "reason_code": "45", "amount": 40.00}]}]; line 0 for adjustments of the claim as a whole; procedure_code with modifier_1 … 4 and unit_count where they differ from what was billed.';

CREATE FUNCTION billing.withdraw_adjudication(for_claim_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    withdrawn billing.adjudication;
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'claim %: say why its decision is withdrawn', for_claim_id;
    END IF;
    UPDATE billing.adjudication a SET withdrawn_by = billing.actor(), withdrawn_at = billing.clock()
    WHERE a.claim_id = for_claim_id AND a.withdrawn_at IS NULL
    RETURNING a.* INTO withdrawn;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'claim % has no decision to withdraw', for_claim_id;
    END IF;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (withdrawn.organization_id, 'claim', for_claim_id, 'adjudication withdrawn',
        jsonb_build_object('adjudication_id', withdrawn.adjudication_id, 'reason', why));
END
$$;
COMMENT ON FUNCTION billing.withdraw_adjudication IS 'Takes back a wrongly recorded decision of an insurer, so that the right one can be recorded; the row stays.';

CREATE FUNCTION billing.mark_claim_sent(for_claim_id bigint, sent_on date, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    marked billing.claim;
    today date;
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'claim %: say how it was sent', for_claim_id;
    END IF;
    PERFORM billing.wait_for_run('claims_submission', c.organization_id)
    FROM billing.claim c WHERE c.claim_id = for_claim_id;
    today := billing.local_today((SELECT c.organization_id FROM billing.claim c WHERE c.claim_id = for_claim_id));
    IF (sent_on <= today) IS NOT TRUE AND today IS NOT NULL THEN
        RAISE EXCEPTION 'claim %: it was sent today or before: check the date', for_claim_id;
    END IF;
    UPDATE billing.claim c
    SET claim_status = 'submitted', submitted_at = (sent_on + time '12:00') AT TIME ZONE o.timezone
    FROM practice.organization o
    WHERE c.claim_id = for_claim_id AND c.claim_status = 'awaiting_submission' AND o.organization_id = c.organization_id
        AND NOT EXISTS (SELECT FROM billing.claim_submission s WHERE s.claim_id = c.claim_id AND s.version = c.version)
    RETURNING c.* INTO marked;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'claim % is not awaiting submission, or is in a file already: it cannot be marked as sent', for_claim_id;
    END IF;
    UPDATE billing.decision d SET closed_on = greatest(d.opened_on, today)
    WHERE d.automation = 'claims_submission' AND d.item_id = marked.claim_id AND d.closed_on IS NULL;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (marked.organization_id, 'claim', marked.claim_id, 'marked as sent',
        jsonb_build_object('sent_on', sent_on, 'reason', why));
END
$$;
COMMENT ON FUNCTION billing.mark_claim_sent IS 'Says that a claim went to the insurer by another way (paper, its portal, the software before), so that no run sends it.';
COMMENT ON COLUMN billing.claim.submitted_at IS 'When the file with its newest version was delivered, or noon of the day on which it was sent by another way.';

-- The doors of 0003, for invoices of any number of lines

CREATE OR REPLACE FUNCTION billing.create_invoice(for_appointment_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    a practice.appointment;
    day date;
    today date;
    insurer bigint;
    made_id bigint;
BEGIN
    SELECT s.* INTO a FROM practice.appointment s WHERE s.appointment_id = for_appointment_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no appointment %', for_appointment_id;
    END IF;
    IF a.appointment_status <> 'kept' OR NOT a.is_billable THEN
        RAISE EXCEPTION 'appointment % is not kept and billable: mark it so first', for_appointment_id;
    END IF;
    IF EXISTS (SELECT FROM billing.invoice i WHERE i.appointment_id = a.appointment_id AND i.invoice_status <> 'void') THEN
        RAISE EXCEPTION 'appointment % has a live invoice: void it first', for_appointment_id;
    END IF;
    PERFORM billing.wait_for_run('invoice_creation', a.organization_id);
    today := billing.local_today(a.organization_id);
    SELECT (a.starts_at AT TIME ZONE o.timezone)::date INTO day
    FROM practice.organization o WHERE o.organization_id = a.organization_id;
    -- Unless the client pays by self-pay the primary insurer's rate is charged, as in the nightly run.
    IF (
        SELECT c.pays_by FROM practice.client_payment c
        WHERE c.client_id = a.client_id AND c.starts_on <= day
        ORDER BY c.starts_on DESC LIMIT 1
    ) IS DISTINCT FROM 'self_pay' THEN
        SELECT y.insurer_id INTO insurer
        FROM practice.policy y
        WHERE y.client_id = a.client_id AND y.level = 'primary'
            AND (y.starts_on IS NULL OR y.starts_on <= day) AND (y.ends_on IS NULL OR y.ends_on >= day)
        ORDER BY y.starts_on DESC NULLS LAST, y.policy_id
        LIMIT 1;
    END IF;
    INSERT INTO billing.invoice (organization_id, appointment_id, client_id, staff_id, location_id, service_on,
        invoice_on, entered_step_on, total_amount)
    VALUES (a.organization_id, a.appointment_id, a.client_id, a.staff_id, a.location_id, day, today, today, 0)
    RETURNING invoice_id INTO made_id;
    INSERT INTO billing.invoice_line (invoice_id, line_number, service_type_id, procedure_code, modifier_1, modifier_2,
        modifier_3, modifier_4, unit_count, rate_amount, charge_amount)
    SELECT made_id, s.line_number, s.service_type_id, t.procedure_code,
        CASE WHEN m.is_named THEN s.modifier_1 ELSE t.modifier_1 END,
        CASE WHEN m.is_named THEN s.modifier_2 ELSE t.modifier_2 END,
        CASE WHEN m.is_named THEN s.modifier_3 ELSE t.modifier_3 END,
        CASE WHEN m.is_named THEN s.modifier_4 ELSE t.modifier_4 END,
        s.unit_count, coalesce(own.rate_amount, usual.rate_amount), s.unit_count * coalesce(own.rate_amount, usual.rate_amount)
    FROM practice.appointment_service s
    JOIN practice.service_type t ON t.service_type_id = s.service_type_id
    CROSS JOIN LATERAL (
        SELECT coalesce(s.modifier_1, s.modifier_2, s.modifier_3, s.modifier_4) IS NOT NULL AS is_named
    ) m
    LEFT JOIN billing.rate_period own ON own.organization_id = a.organization_id
        AND own.service_type_id = s.service_type_id AND own.insurer_id = insurer
        AND day >= own.starts_on AND day < own.ends_before
    LEFT JOIN billing.rate_period usual ON usual.organization_id = a.organization_id
        AND usual.service_type_id = s.service_type_id AND usual.insurer_id IS NULL
        AND day >= usual.starts_on AND day < usual.ends_before
    WHERE s.appointment_id = a.appointment_id AND s.unit_count > 0 AND coalesce(own.rate_amount, usual.rate_amount) > 0;
    IF (SELECT count(*) FROM billing.invoice_line l WHERE l.invoice_id = made_id)
        <> greatest(1, (SELECT count(*) FROM practice.appointment_service s WHERE s.appointment_id = a.appointment_id)) THEN
        RAISE EXCEPTION 'appointment % cannot be priced: each service needs units and a rate above zero', for_appointment_id;
    END IF;
    UPDATE billing.invoice i
    SET (total_amount, last_line_number) = (
        SELECT sum(l.charge_amount), max(l.line_number) FROM billing.invoice_line l WHERE l.invoice_id = made_id
    )
    WHERE i.invoice_id = made_id;
    UPDATE billing.decision d SET closed_on = greatest(d.opened_on, today)
    WHERE d.automation = 'invoice_creation' AND d.item_id = a.appointment_id AND d.closed_on IS NULL;
    INSERT INTO billing.history (organization_id, subject, subject_id, action)
    VALUES (a.organization_id, 'invoice', made_id, 'created by hand');
    RETURN made_id;
END
$$;

CREATE OR REPLACE FUNCTION billing.create_claim(for_invoice_id bigint, for_level text DEFAULT 'primary') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    i billing.invoice;
    today date;
    made_ids bigint[];
BEGIN
    SELECT s.* INTO i FROM billing.invoice s WHERE s.invoice_id = for_invoice_id AND s.invoice_status = 'open';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no open invoice %', for_invoice_id;
    END IF;
    PERFORM billing.wait_for_run('invoice_processing', i.organization_id);
    IF NOT EXISTS (
        SELECT FROM practice.policy y
        WHERE y.client_id = i.client_id AND y.level = for_level
            AND (y.starts_on IS NULL OR y.starts_on <= i.service_on) AND (y.ends_on IS NULL OR y.ends_on >= i.service_on)
    ) THEN
        RAISE EXCEPTION 'invoice %: no % policy is active on the service date', for_invoice_id, for_level;
    END IF;
    today := billing.local_today(i.organization_id);
    WITH made AS (
        INSERT INTO billing.claim (organization_id, invoice_id, client_id, level, part, total_amount, entered_step_on)
        SELECT i.organization_id, i.invoice_id, i.client_id, for_level, (l.line_number - 1) / 50 + 1,
            sum(l.charge_amount), today
        FROM billing.invoice_line l
        WHERE l.invoice_id = i.invoice_id
        GROUP BY (l.line_number - 1) / 50
        ORDER BY (l.line_number - 1) / 50
        ON CONFLICT (invoice_id, level, part) WHERE claim_status <> 'void' DO NOTHING
        RETURNING claim_id
    )
    SELECT array_agg(m.claim_id ORDER BY m.claim_id) INTO made_ids FROM made m;
    IF made_ids IS NULL THEN
        RAISE EXCEPTION 'invoice % has a live % claim', for_invoice_id, for_level;
    END IF;
    UPDATE billing.decision d SET closed_on = greatest(d.opened_on, today)
    WHERE d.automation = 'invoice_processing' AND d.item_id = i.invoice_id AND d.closed_on IS NULL;
    INSERT INTO billing.history (organization_id, subject, subject_id, action)
    SELECT i.organization_id, 'claim', made_id, 'created by hand' FROM unnest(made_ids) AS made_id;
    RETURN made_ids[1];
END
$$;
COMMENT ON FUNCTION billing.create_claim IS 'Advances an invoice by hand, whatever rules say: makes its claim of a level, in parts of fifty lines, and returns the first; the review day is the rest of today.';

CREATE OR REPLACE FUNCTION billing.move_back_claim(for_claim_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    asked billing.claim;
    today date;
    moved_ids bigint[];
BEGIN
    PERFORM billing.wait_for_run('claims_submission', c.organization_id)
    FROM billing.claim c WHERE c.claim_id = for_claim_id;
    SELECT c.* INTO asked
    FROM billing.claim c
    WHERE c.claim_id = for_claim_id AND c.claim_status = 'awaiting_submission'
        AND NOT EXISTS (SELECT FROM billing.claim_submission s WHERE s.claim_id = c.claim_id AND s.version = c.version);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'claim % is not awaiting submission, or is in a file already: it cannot be moved back', for_claim_id;
    END IF;
    -- All parts or none: an invoice with one live part is not in its step, so the other would never be made again.
    WITH moved AS (
        UPDATE billing.claim c SET claim_status = 'void'
        WHERE c.invoice_id = asked.invoice_id AND c.level = asked.level AND c.claim_status = 'awaiting_submission'
            AND NOT EXISTS (SELECT FROM billing.claim_submission s WHERE s.claim_id = c.claim_id AND s.version = c.version)
        RETURNING c.claim_id
    )
    SELECT array_agg(m.claim_id ORDER BY m.claim_id) INTO moved_ids FROM moved m;
    IF EXISTS (
        SELECT FROM billing.claim c
        WHERE c.invoice_id = asked.invoice_id AND c.level = asked.level AND c.claim_status <> 'void'
    ) OR moved_ids IS NULL THEN
        RAISE EXCEPTION 'claim %: another part of its invoice is sent or in a file, so it cannot be moved back: correct the data, and it will follow', for_claim_id;
    END IF;
    today := billing.local_today(asked.organization_id);
    UPDATE billing.invoice SET entered_step_on = today WHERE invoice_id = asked.invoice_id;
    -- A release was for the way forward; the way back begins a new review day.
    UPDATE billing.release SET withdrawn_at = billing.clock()
    WHERE withdrawn_at IS NULL AND ((automation = 'invoice_processing' AND item_id = asked.invoice_id)
        OR (automation = 'claims_submission' AND item_id = ANY(moved_ids)));
    UPDATE billing.decision d SET closed_on = greatest(d.opened_on, today)
    WHERE d.automation = 'claims_submission' AND d.item_id = ANY(moved_ids) AND d.closed_on IS NULL;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT asked.organization_id, 'claim', moved_id, 'moved back', jsonb_build_object('reason', why)
    FROM unnest(moved_ids) AS moved_id;
END
$$;
COMMENT ON FUNCTION billing.move_back_claim IS 'Takes a claim that was not sent back to its invoice, all its parts together; the invoice''s review day begins again.';

-- Reporting

CREATE OR REPLACE VIEW reporting.claims AS
SELECT c.claim_id, c.claim_number, c.version, c.organization_id, o.name AS organization_name, c.level, c.claim_status,
    i.service_on, i.invoice_on, c.entered_step_on, c.submitted_at, c.total_amount, c.frequency_code, s.insurer_id,
    x.file_name, x.control_number, s.transaction_number, billing.client_key(c.client_id) AS client_key, o.is_sample,
    c.invoice_id, c.part, (
        SELECT count(*)
        FROM billing.claim p
        WHERE p.invoice_id = c.invoice_id AND p.level = c.level AND p.claim_status <> 'void'
    )::integer AS part_count
FROM billing.claim c
JOIN billing.invoice i USING (invoice_id)
JOIN practice.organization o ON o.organization_id = c.organization_id
LEFT JOIN billing.claim_submission s ON s.claim_id = c.claim_id AND s.version = c.version
LEFT JOIN billing.interchange x USING (interchange_id);
COMMENT ON COLUMN reporting.claims.invoice_id IS 'The parts of a split claim have it and level in common.';
COMMENT ON COLUMN reporting.claims.part IS '1, or which fifty lines of the invoice the claim holds.';
COMMENT ON COLUMN reporting.claims.part_count IS 'Live claims of the same invoice and level: more than 1 where the invoice has more than fifty lines.';

-- Who may

REVOKE ALL ON FUNCTION billing.record_adjudication(bigint, numeric, date, text, boolean, jsonb),
    billing.withdraw_adjudication(bigint, text), billing.mark_claim_sent(bigint, date, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billing.record_adjudication(bigint, numeric, date, text, boolean, jsonb),
    billing.withdraw_adjudication(bigint, text), billing.mark_claim_sent(bigint, date, text) TO billing_settings;
GRANT SELECT ON practice.referring_provider, billing.adjudication, billing.adjudication_line, billing.adjustment
    TO billing_pipeline, billing_settings;

-- An invoice counts once, however many claims it becomes.
CREATE OR REPLACE VIEW billing.advanced_item AS
SELECT 'invoice_creation' AS automation, i.created_run_id AS run_id, i.organization_id, i.appointment_id AS item_id,
    i.total_amount, 1 AS item_count
FROM billing.invoice i
WHERE i.created_run_id IS NOT NULL
UNION ALL
SELECT 'invoice_processing', c.created_run_id, c.organization_id, c.invoice_id, c.total_amount,
    -- The first claim is not always part 1: nobody says that an appointment's services are numbered from 1.
    CASE WHEN c.part > 1 AND EXISTS (
        SELECT FROM billing.invoice_line n
        WHERE n.invoice_id = c.invoice_id AND n.line_number <= 50 * (c.part - 1)
    ) THEN 0 ELSE 1 END
FROM billing.claim c
WHERE c.created_run_id IS NOT NULL
UNION ALL
SELECT 'claims_submission', x.sent_run_id, s.organization_id, s.claim_id, s.total_amount, 1
FROM billing.claim_submission s
JOIN billing.interchange x USING (interchange_id)
WHERE x.sent_run_id IS NOT NULL;
COMMENT ON VIEW billing.advanced_item IS 'Grain: one row per item that a run advanced, under the run that moved it; of an invoice one row per claim made of it.';
COMMENT ON COLUMN billing.advanced_item.item_count IS '0 on the further claims of an invoice, so that the sum counts items.';

-- The same, with the invoice's new column.
CREATE OR REPLACE VIEW billing.invoice_in_step AS
SELECT i.invoice_id AS item_id, i.*
FROM billing.invoice i
WHERE i.invoice_status = 'open'
    AND NOT EXISTS (
        SELECT FROM billing.claim c WHERE c.invoice_id = i.invoice_id AND c.claim_status <> 'void'
    );
