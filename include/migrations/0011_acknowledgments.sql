-- 0011_acknowledgments: answers of receivers (TA1, 999, 277CA) as they came, what each says of our files and claims, and
-- the way of a rejected claim back to Awaiting Submission.
-- Lock: SHARE on billing.claim while its new index is built, ACCESS EXCLUSIVE on billing.claim_rejection while its rows
--   are checked and on billing.receiver, which is small. Undo: drop what is created here and the column added to
--   billing.receiver; give billing.claim_rejection its former check of source.

-- Who answers ----------------------------------------------------------------------------------------------------------

ALTER TABLE billing.receiver ADD COLUMN answer_sender_id text CHECK (answer_sender_id ~ '^[!-~]([ -~]{0,13}[!-~])?$');
COMMENT ON COLUMN billing.receiver.answer_sender_id IS 'ISA06 of answers that it writes under another id than receiver_id. An answer counts only with one of the two and our submitter_id.';
-- An answer must say by its ids whose it is.
CREATE UNIQUE INDEX receiver_once_per_answerer ON billing.receiver
    (submitter_id, coalesce(answer_sender_id, receiver_id));

-- What was received ----------------------------------------------------------------------------------------------------

CREATE TABLE billing.inbox_file (
    inbox_file_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver_code text NOT NULL REFERENCES billing.receiver,
    sha256 text NOT NULL,
    body bytea NOT NULL,
    contents text[] NOT NULL DEFAULT '{}',
    file_state text NOT NULL DEFAULT 'received' CHECK (file_state IN
        ('received', 'applied', 'waiting', 'quarantined', 'dismissed')),
    reason_code text,
    segment_number integer,
    received_at timestamptz NOT NULL DEFAULT billing.clock(),
    decided_at timestamptz,
    UNIQUE (receiver_code, sha256),
    CHECK ((file_state IN ('quarantined', 'dismissed')) = (reason_code IS NOT NULL)),
    CHECK ((file_state = 'received') = (decided_at IS NULL))
);
COMMENT ON TABLE billing.inbox_file IS 'Grain: one row per file of answers by its bytes: the same bytes under another name are no new file. Its names are in billing.inbox_listing.';
COMMENT ON COLUMN billing.inbox_file.body IS 'As received. Patient data.';
COMMENT ON COLUMN billing.inbox_file.contents IS 'What is in it: TA1, 999, 277CA, 835 …; empty until it is read, or when it is not X12.';
COMMENT ON COLUMN billing.inbox_file.file_state IS 'received: not read yet; applied: all of it counts; waiting: its acknowledgments count, its remittances (835) are kept for ERA processing; quarantined: none of it counts, a person has to look; dismissed: a person has looked.';
COMMENT ON COLUMN billing.inbox_file.reason_code IS 'Why it is in quarantine: a code of include/clearinghouse/answers.py, not_x12, other_contents, or SQLSTATE and code of an error.';
COMMENT ON COLUMN billing.inbox_file.segment_number IS 'Of the segment that cannot be read, counted from 1 (ISA).';
COMMENT ON COLUMN billing.inbox_file.decided_at IS 'When it was applied, quarantined or dismissed.';
CREATE INDEX inbox_file_open ON billing.inbox_file (received_at) WHERE file_state IN ('received', 'quarantined');

CREATE TABLE billing.inbox_listing (
    receiver_code text NOT NULL REFERENCES billing.receiver,
    file_name text NOT NULL,
    byte_count bigint NOT NULL,
    modified_at timestamptz NOT NULL,
    inbox_file_id bigint NOT NULL REFERENCES billing.inbox_file,
    seen_at timestamptz NOT NULL DEFAULT billing.clock(),
    PRIMARY KEY (receiver_code, file_name, byte_count, modified_at)
);
COMMENT ON TABLE billing.inbox_listing IS 'Grain: one row per file fetched from a receiver''s folder, by name, size and time of change: it is not fetched again.';
COMMENT ON COLUMN billing.inbox_listing.file_name IS 'The receiver''s own name, which may hold patient data: shown on the settings page only.';
COMMENT ON COLUMN billing.inbox_listing.modified_at IS 'By the receiver''s clock.';
CREATE INDEX inbox_listing_by_file ON billing.inbox_listing (inbox_file_id);

CREATE TABLE billing.acknowledgment (
    inbox_file_id bigint NOT NULL REFERENCES billing.inbox_file,
    position integer NOT NULL CHECK (position > 0),
    source text NOT NULL CHECK (source IN ('TA1', '999', '277CA')),
    grain text NOT NULL CHECK (grain IN
        ('interchange', 'group', 'transaction_set', 'segment', 'batch', 'provider', 'claim', 'line')),
    outcome text NOT NULL CHECK (outcome IN ('accepted', 'accepted_with_errors', 'rejected', 'pending')),
    effect text NOT NULL CHECK (effect IN ('applied', 'no_change', 'superseded', 'unknown')),
    interchange_id bigint REFERENCES billing.interchange,
    organization_id bigint,
    claim_id bigint,
    version smallint,
    submitter_id text NOT NULL,
    control_number integer,
    transaction_number text,
    batch_reference text,
    claim_number text,
    provider_npi text,
    line_number bigint,
    category_code text,
    status_code text,
    entity_code text,
    segment_code text,
    segment_position bigint,
    element_position text,
    payer_claim_control_number text,
    answered_on date,
    loop_code text,
    sender_id text,
    PRIMARY KEY (inbox_file_id, position),
    FOREIGN KEY (claim_id, version) REFERENCES billing.claim_submission,
    CHECK ((claim_id IS NULL) = (version IS NULL))
);
COMMENT ON TABLE billing.acknowledgment IS 'Grain: one row per statement in a file of answers, in the order of the file; several statuses of one claim are several rows.';
COMMENT ON COLUMN billing.acknowledgment.source IS 'TA1: of the envelope; 999: of the syntax; 277CA: of the claims.';
COMMENT ON COLUMN billing.acknowledgment.grain IS 'What it is about.';
COMMENT ON COLUMN billing.acknowledgment.effect IS 'applied: it changed the state of a file, transaction set or claim; no_change: known already, or says nothing new; superseded: of an older version of the claim; unknown: to or from somebody else, or of nothing that we have sent there.';
COMMENT ON COLUMN billing.acknowledgment.version IS 'Of the claim, as it was sent.';
COMMENT ON COLUMN billing.acknowledgment.submitter_id IS 'To whom the answer is addressed (ISA08).';
COMMENT ON COLUMN billing.acknowledgment.sender_id IS 'Who wrote the answer (ISA06).';
COMMENT ON COLUMN billing.acknowledgment.control_number IS 'Of the file it is about: ISA13 and GS06.';
COMMENT ON COLUMN billing.acknowledgment.transaction_number IS 'ST02 of the transaction set it is about.';
COMMENT ON COLUMN billing.acknowledgment.batch_reference IS 'BHT03 of the transaction set it is about.';
COMMENT ON COLUMN billing.acknowledgment.claim_number IS 'As the answer says it; of an unknown claim it may be anything.';
COMMENT ON COLUMN billing.acknowledgment.category_code IS '277CA: STC01-1; 999: AK9, IK5, IK3 or IK4; TA1: TA1.';
COMMENT ON COLUMN billing.acknowledgment.status_code IS '277CA: STC01-2; 999: the error code; TA1: the note code.';
COMMENT ON COLUMN billing.acknowledgment.entity_code IS '277CA: STC01-3, whom the status is about.';
COMMENT ON COLUMN billing.acknowledgment.segment_position IS '999: the segment in error, counted from its ST (1).';
COMMENT ON COLUMN billing.acknowledgment.element_position IS '999: the element in error, as IK401 says it.';
COMMENT ON COLUMN billing.acknowledgment.loop_code IS '999: the loop of the segment in error.';
COMMENT ON COLUMN billing.acknowledgment.payer_claim_control_number IS 'The insurer''s own number of the claim (REF*1K).';
COMMENT ON COLUMN billing.acknowledgment.answered_on IS 'Date of the status, as the answer says it.';
CREATE INDEX acknowledgment_by_claim ON billing.acknowledgment (claim_id, version) WHERE claim_id IS NOT NULL;
CREATE INDEX acknowledgment_by_file ON billing.acknowledgment (interchange_id) WHERE interchange_id IS NOT NULL;
CREATE INDEX acknowledgment_unknown ON billing.acknowledgment (inbox_file_id) WHERE effect = 'unknown';

CREATE TABLE billing.answer_code (
    source text NOT NULL,
    kind text NOT NULL,
    code text NOT NULL,
    words text NOT NULL,
    fix_location text,
    PRIMARY KEY (source, kind, code)
);
COMMENT ON TABLE billing.answer_code IS 'Grain: one row per code that answers use, in our words; include/clearinghouse/answer_codes.py is the source.';
COMMENT ON COLUMN billing.answer_code.kind IS 'Which list of the source the code is from.';
COMMENT ON COLUMN billing.answer_code.fix_location IS 'Where a biller corrects it; absent: the code names no place.';

CREATE TABLE billing.answer_place (
    source text NOT NULL,
    category_code text NOT NULL,
    status_code text NOT NULL,
    entity_code text NOT NULL,
    fix_location text NOT NULL,
    PRIMARY KEY (source, category_code, status_code, entity_code)
);
COMMENT ON TABLE billing.answer_place IS 'Grain: one row per combination of codes for which something was rejected, with the place where a biller corrects it: more than its single codes say. NONE: not said.';

-- Work tables ----------------------------------------------------------------------------------------------------------

CREATE UNLOGGED TABLE billing.incoming_answer (
    inbox_file_id bigint NOT NULL,
    position integer NOT NULL,
    source text NOT NULL,
    grain text NOT NULL,
    outcome text NOT NULL,
    submitter_id text NOT NULL,
    control_number integer,
    transaction_number text,
    batch_reference text,
    claim_number text,
    provider_npi text,
    line_number bigint,
    category_code text,
    status_code text,
    entity_code text,
    segment_code text,
    segment_position bigint,
    element_position text,
    payer_claim_control_number text,
    answered_on date,
    loop_code text,
    sender_id text,
    interchange_id bigint,
    organization_id bigint,
    claim_id bigint,
    version smallint,
    effect text,
    is_copy boolean NOT NULL DEFAULT false,
    lock_code text
);
COMMENT ON TABLE billing.incoming_answer IS 'Grain: one row per statement of the file that is being applied; empty outside of that transaction.';

CREATE UNLOGGED TABLE billing.incoming_claim (
    inbox_file_id bigint NOT NULL,
    position integer NOT NULL,
    claim_id bigint NOT NULL,
    version smallint NOT NULL
);
COMMENT ON TABLE billing.incoming_claim IS 'Grain: one row per claim and statement that rejects it together with others (file, transaction set, batch, provider); empty outside of the transaction that applies a file.';

CREATE FUNCTION billing.analyze_incoming() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    ANALYZE billing.incoming_answer, billing.incoming_claim;
END
$$;
COMMENT ON FUNCTION billing.analyze_incoming() IS 'Refreshes the planner''s figures of the work tables; the pipeline''s role may not do so itself before PostgreSQL 17.';

-- One file is applied at a time: two that speak of the same claims would wait for each other.
INSERT INTO billing.work_lock (organization_id, automation) VALUES (0, 'clearinghouse_inbox');

-- Claims ---------------------------------------------------------------------------------------------------------------

CREATE INDEX claim_unsettled ON billing.claim (claim_status, claim_id) WHERE claim_status IN ('submitted', 'rejected');

ALTER TABLE billing.claim_rejection DROP CONSTRAINT claim_rejection_source_check;
ALTER TABLE billing.claim_rejection ADD CONSTRAINT claim_rejection_source_check
    CHECK (source IN ('TA1', '277CA', '999', '835', 'by_hand'));
COMMENT ON TABLE billing.claim_rejection IS 'Grain: one row per claim version and reason for which a clearinghouse or insurer did not take it. Recorded by hand it leaves the claim''s status as it is; an answer changes both.';
COMMENT ON COLUMN billing.claim_rejection.category_code IS '277CA: STC01-1 (A3, A6, A7 …); 835: the group code (CO); 999: IK3, IK4, IK5 or AK9; TA1: TA1; NONE: not said.';
COMMENT ON COLUMN billing.claim_rejection.status_code IS '277CA: STC01-2; 835: the reason code; 999: the error code; TA1: the note code; NONE: not said.';

CREATE FUNCTION billing.inbox_clock() RETURNS timestamptz
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
    SELECT CASE WHEN d.clock = 'due_instant'
        THEN coalesce(nullif(current_setting('billing.simulated_now', true), '')::timestamptz,
            (SELECT max(r.due_at) FROM billing.run r) + interval '1 hour', now())
        ELSE now() END
    FROM billing.deployment d
$$;
COMMENT ON FUNCTION billing.inbox_clock() IS 'The instant that counts as now for answers: the transaction''s start, or in a sample database one hour after its newest night fell due.';

CREATE FUNCTION billing.return_claims(of_claim_ids bigint[], of_versions smallint[], is_by_hand boolean, why text)
RETURNS integer LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    returned_ids bigint[];
BEGIN
    PERFORM billing.wait_for_run('claims_submission', o.organization_id)
    FROM (
        SELECT DISTINCT k.organization_id
        FROM billing.claim k
        WHERE k.claim_id = ANY(of_claim_ids)
        ORDER BY k.organization_id
    ) o;
    WITH returned AS (
        UPDATE billing.claim k
        SET claim_status = 'awaiting_submission', version = k.version + 1, submitted_at = NULL,
            -- An insurer's number of what was rejected; on a replacement or void it names the claim that is replaced.
            payer_claim_control_number = CASE WHEN k.frequency_code <> '1' THEN k.payer_claim_control_number END,
            entered_step_at = billing.clock(),
            entered_step_on = CASE WHEN is_by_hand THEN (billing.clock() AT TIME ZONE o.timezone)::date
                ELSE billing.billing_day(billing.clock(), o.timezone) END
        FROM unnest(of_claim_ids, of_versions) AS asked (claim_id, version), practice.organization o
        WHERE k.claim_id = asked.claim_id AND k.version = asked.version AND k.claim_status = 'rejected'
            AND o.organization_id = k.organization_id
        RETURNING k.claim_id, k.organization_id, k.version
    ), withdrawn AS (
        -- A release was for the version that was rejected; the new one has a review day of its own.
        UPDATE billing.release r SET withdrawn_at = billing.clock()
        FROM returned k
        WHERE r.automation = 'claims_submission' AND r.item_id = k.claim_id AND r.withdrawn_at IS NULL
    ), told AS (
        INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
        SELECT k.organization_id, 'claim', k.claim_id, 'returned',
            jsonb_build_object('version', k.version, 'reason', why)
        FROM returned k
        ORDER BY k.claim_id
    )
    SELECT array_agg(k.claim_id) INTO returned_ids FROM returned k;
    RETURN coalesce(cardinality(returned_ids), 0);
END
$$;
COMMENT ON FUNCTION billing.return_claims IS 'Returns rejected claims to Awaiting Submission as their next version and says how many; those that are not rejected in that version stay. An original loses the number that an insurer gave the rejected version. The review day begins: by a person on the local date, else on the billing day.';

CREATE FUNCTION billing.return_claim(for_claim_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    asked billing.claim;
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'claim %: say why it is sent again', for_claim_id;
    END IF;
    SELECT k.* INTO asked FROM billing.claim k WHERE k.claim_id = for_claim_id AND k.claim_status = 'rejected';
    IF NOT FOUND OR billing.return_claims(ARRAY[asked.claim_id], ARRAY[asked.version], true, why) = 0 THEN
        RAISE EXCEPTION 'claim % is not rejected: it is not sent again', for_claim_id;
    END IF;
END
$$;
COMMENT ON FUNCTION billing.return_claim IS 'A person sends a rejected claim again although nothing on it changed (or before the inbox notices): it returns to Awaiting Submission as a new version under a new number. Of a whole file: billing.return_claims_of_file.';

CREATE FUNCTION billing.reject_file(for_interchange_id bigint, why text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    claims integer;
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'file %: say who told that the receiver will not take it', for_interchange_id;
    END IF;
    IF EXISTS (
        SELECT FROM billing.interchange
        WHERE interchange_id = for_interchange_id AND interchange_state = 'unknown'
            AND attempted_at > billing.clock() - interval '3 hours'
    ) THEN
        RAISE EXCEPTION 'file %: the worker of its last attempt may still be at it: say so three hours after that attempt', for_interchange_id;
    END IF;
    PERFORM billing.record_file_sent(x.interchange_id)
    FROM billing.interchange x
    WHERE x.interchange_id = for_interchange_id AND x.interchange_state = 'unknown';
    UPDATE billing.interchange SET interchange_state = 'rejected'
    WHERE interchange_id = for_interchange_id AND interchange_state = 'sent';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'file % is neither unknown nor sent without acknowledgment: it cannot be given up', for_interchange_id;
    END IF;
    UPDATE billing.transaction_set SET transaction_set_state = 'rejected', answered_at = billing.clock()
    WHERE interchange_id = for_interchange_id AND transaction_set_state = 'unanswered';
    WITH rejected AS (
        UPDATE billing.claim k SET claim_status = 'rejected'
        FROM billing.claim_submission s
        WHERE s.interchange_id = for_interchange_id AND s.claim_id = k.claim_id AND s.version = k.version
            AND k.claim_status = 'submitted'
        RETURNING k.claim_id
    )
    SELECT count(*) INTO claims FROM rejected;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (0, 'file', for_interchange_id, 'given up', jsonb_build_object('reason', why));
    RETURN claims;
END
$$;
COMMENT ON FUNCTION billing.reject_file IS 'A person says that the receiver will never take the file under this number (refused by telephone, number used by somebody else): it counts as rejected, and its unanswered claims too, which billing.return_claims_of_file then gives new numbers. Says how many claims.';

CREATE FUNCTION billing.return_claims_of_file(for_interchange_id bigint, why text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    returned integer;
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'file %: say why its claims are sent again', for_interchange_id;
    END IF;
    SELECT billing.return_claims(array_agg(k.claim_id ORDER BY k.claim_id), array_agg(k.version ORDER BY k.claim_id),
        true, why) INTO returned
    FROM billing.claim_submission s
    JOIN billing.claim k ON k.claim_id = s.claim_id AND k.version = s.version AND k.claim_status = 'rejected'
    WHERE s.interchange_id = for_interchange_id
        AND NOT EXISTS (
            SELECT FROM billing.acknowledgment a
            WHERE a.claim_id = s.claim_id AND a.version = s.version AND a.outcome = 'rejected'
                AND a.grain IN ('segment', 'claim')
        );
    IF coalesce(returned, 0) = 0 THEN
        RAISE EXCEPTION 'file %: no claim of it was rejected only because its file, set or batch was', for_interchange_id;
    END IF;
    RETURN returned;
END
$$;
COMMENT ON FUNCTION billing.return_claims_of_file IS 'A person sends again what was rejected only together with others: claims of a refused file, set or batch that no answer names themselves. Says how many.';

-- A person's doors to files in quarantine

CREATE FUNCTION billing.dismiss_inbox_file(for_inbox_file_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'answer file %: say why nothing is lost without it', for_inbox_file_id;
    END IF;
    UPDATE billing.inbox_file SET file_state = 'dismissed', decided_at = billing.clock()
    WHERE inbox_file_id = for_inbox_file_id AND file_state = 'quarantined';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'answer file % is not in quarantine: there is nothing to dismiss', for_inbox_file_id;
    END IF;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (0, 'inbox_file', for_inbox_file_id, 'dismissed', jsonb_build_object('reason', why));
END
$$;
COMMENT ON FUNCTION billing.dismiss_inbox_file IS 'A person says that a file in quarantine needs no more attention: it holds nothing for us, or the receiver has sent it again.';

CREATE FUNCTION billing.retry_inbox_file(for_inbox_file_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'answer file %: say what has changed since it could not be read', for_inbox_file_id;
    END IF;
    UPDATE billing.inbox_file
    SET file_state = 'received', reason_code = NULL, segment_number = NULL, decided_at = NULL
    WHERE inbox_file_id = for_inbox_file_id AND (file_state IN ('quarantined', 'dismissed') OR EXISTS (
        SELECT FROM billing.acknowledgment WHERE inbox_file_id = for_inbox_file_id AND effect = 'unknown'
    ));
    IF NOT FOUND THEN
        RAISE EXCEPTION 'answer file % is not in quarantine, and nothing in it is unknown: it is not read again', for_inbox_file_id;
    END IF;
    DELETE FROM billing.acknowledgment WHERE inbox_file_id = for_inbox_file_id;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (0, 'inbox_file', for_inbox_file_id, 'to be read again', jsonb_build_object('reason', why));
END
$$;
COMMENT ON FUNCTION billing.retry_inbox_file IS 'Has the next run read a file in quarantine, or one with unknown answers, once more, after the software, the database or the receiver''s ids were put right.';

-- Reporting ------------------------------------------------------------------------------------------------------------

CREATE VIEW reporting.files AS
SELECT x.interchange_id, x.receiver_code, v.name AS receiver_name, x.file_name, x.control_number, x.interchange_state,
    x.attempt_count, x.delivered_to, x.fault_code, x.built_at, x.sent_at, x.unknown_since, x.acknowledged_at,
    x.wait_until, t.organization_count, t.claim_count, t.set_count, t.rejected_set_count, r.timezone, r.night
FROM billing.interchange x
JOIN billing.receiver v USING (receiver_code)
JOIN billing.run r ON r.run_id = x.built_run_id
CROSS JOIN LATERAL (
    SELECT count(DISTINCT s.organization_id) AS organization_count, coalesce(sum(s.claim_count), 0) AS claim_count,
        count(*) AS set_count, count(*) FILTER (WHERE s.transaction_set_state = 'rejected') AS rejected_set_count
    FROM billing.transaction_set s
    WHERE s.interchange_id = x.interchange_id
) t;
COMMENT ON VIEW reporting.files IS 'Grain: one row per claim file (interchange). Instants are UTC.';
COMMENT ON COLUMN reporting.files.interchange_state IS 'built: not sent; sending: a delivery has begun; unknown: it may or may not have arrived; sent: delivered; acknowledged: the receiver says it has it; rejected: it refused the whole file.';
COMMENT ON COLUMN reporting.files.fault_code IS 'What stopped the last attempt at delivery.';
COMMENT ON COLUMN reporting.files.claim_count IS 'Claims in the file.';
COMMENT ON COLUMN reporting.files.rejected_set_count IS 'Transaction sets that were refused, with all their claims.';
COMMENT ON COLUMN reporting.files.night IS 'Of the run that built it.';

CREATE VIEW reporting.inbox_files AS
SELECT f.inbox_file_id, f.receiver_code, f.contents, f.file_state, f.reason_code, f.segment_number, f.received_at,
    f.decided_at, a.answer_count, a.applied_count, a.unknown_count, a.superseded_count
FROM billing.inbox_file f
CROSS JOIN LATERAL (
    SELECT count(*) AS answer_count, count(*) FILTER (WHERE k.effect = 'applied') AS applied_count,
        count(*) FILTER (WHERE k.effect = 'unknown') AS unknown_count,
        count(*) FILTER (WHERE k.effect = 'superseded') AS superseded_count
    FROM billing.acknowledgment k
    WHERE k.inbox_file_id = f.inbox_file_id
) a;
COMMENT ON VIEW reporting.inbox_files IS 'Grain: one row per file of answers that was received. Instants are UTC.';
COMMENT ON COLUMN reporting.inbox_files.file_state IS 'received: not read yet; applied; waiting: holds remittances; quarantined: a person has to look; dismissed: a person has looked.';
COMMENT ON COLUMN reporting.inbox_files.answer_count IS 'Statements in it; none of a file in quarantine.';
COMMENT ON COLUMN reporting.inbox_files.unknown_count IS 'Statements about nothing that we have sent there: reporting.unknown_answers.';

CREATE VIEW reporting.unknown_answers AS
SELECT a.inbox_file_id, a.position, f.receiver_code, f.received_at, a.source, a.grain, a.outcome,
    EXISTS (SELECT FROM billing.receiver v WHERE v.submitter_id = a.submitter_id) AS is_addressed_to_us,
    EXISTS (
        SELECT FROM billing.receiver v
        WHERE v.submitter_id = a.submitter_id AND a.sender_id IN (v.answer_sender_id, v.receiver_id)
    ) AS is_from_receiver,
    a.control_number,
    -- Whatever another software has written there may be a name.
    substring(a.transaction_number FROM '^[0-9]{1,9}$') AS transaction_number,
    substring(a.claim_number FROM '^C[0-9]{1,15}V[0-9]{1,5}$') AS claim_number,
    substring(a.category_code FROM '^[A-Z0-9]{1,5}$') AS category_code,
    substring(a.status_code FROM '^[A-Z0-9]{1,6}$') AS status_code
FROM billing.acknowledgment a
JOIN billing.inbox_file f USING (inbox_file_id)
WHERE a.effect = 'unknown';
COMMENT ON VIEW reporting.unknown_answers IS 'Grain: one row per statement of a receiver about a file, transaction set or claim that we have not sent there. Numbers that are not of our form are left out; the settings page has them.';
COMMENT ON COLUMN reporting.unknown_answers.receiver_code IS 'In whose folder it lay.';
COMMENT ON COLUMN reporting.unknown_answers.is_addressed_to_us IS 'Its ISA08 is a submitter id of ours.';
COMMENT ON COLUMN reporting.unknown_answers.is_from_receiver IS 'Its ISA06 is that of the receiver to whom we send under that submitter id. If not, but it is addressed to us: answer_sender_id of billing.receiver may be missing.';

CREATE VIEW reporting.claim_answers AS
WITH said AS (
    SELECT a.claim_id, a.version, a.source, a.outcome, a.effect, a.line_number, a.category_code, a.status_code,
        a.entity_code, f.received_at
    FROM billing.acknowledgment a
    JOIN billing.inbox_file f USING (inbox_file_id)
    WHERE a.claim_id IS NOT NULL
    UNION ALL
    -- Said of a file, transaction set, batch or provider as a whole, or recorded by a person.
    SELECT r.claim_id, r.version, r.source, 'rejected', 'applied', NULL, nullif(r.category_code, 'NONE'),
        nullif(r.status_code, 'NONE'), r.entity_code, r.recorded_at
    FROM billing.claim_rejection r
    WHERE NOT EXISTS (
        SELECT FROM billing.acknowledgment a
        WHERE a.claim_id = r.claim_id AND a.version = r.version AND a.source = r.source
            AND coalesce(a.category_code, 'NONE') = r.category_code
            AND coalesce(a.status_code, 'NONE') = r.status_code AND a.entity_code IS NOT DISTINCT FROM r.entity_code
    )
)
SELECT s.organization_id, o.name AS organization_name, n.claim_id, s.claim_number, n.version,
    n.version = k.version AS is_newest_version, k.claim_status, n.source, n.outcome, n.effect, n.line_number,
    n.category_code, c.words AS category_words, n.status_code, t.words AS status_words, n.entity_code,
    e.words AS entity_words,
    CASE WHEN n.outcome IN ('rejected', 'accepted_with_errors')
        THEN coalesce(p.fix_location, t.fix_location, e.fix_location) END AS fix_location,
    n.received_at, s.interchange_id, billing.client_key(k.client_id) AS client_key
FROM said n
JOIN billing.claim_submission s USING (claim_id, version)
JOIN billing.claim k USING (claim_id)
JOIN practice.organization o ON o.organization_id = s.organization_id
-- What a person reads in a portal are the codes of a 277CA.
CROSS JOIN LATERAL (SELECT CASE n.source WHEN 'by_hand' THEN '277CA' ELSE n.source END AS source) l
LEFT JOIN billing.answer_code c ON (c.source, c.kind, c.code) = (l.source, 'category', n.category_code)
LEFT JOIN billing.answer_code t ON (t.source, t.code) = (l.source, n.status_code) AND t.kind =
    CASE l.source WHEN '277CA' THEN 'status' ELSE n.category_code END
LEFT JOIN billing.answer_code e ON (e.source, e.kind, e.code) = (l.source, 'entity', n.entity_code)
LEFT JOIN billing.answer_place p ON (p.source, p.category_code, p.status_code, p.entity_code)
    = (l.source, coalesce(n.category_code, 'NONE'), coalesce(n.status_code, 'NONE'), coalesce(n.entity_code, 'NONE'));
COMMENT ON VIEW reporting.claim_answers IS 'Grain: one row per sent claim version and thing that was said of it, with the codes in words and where to correct what was wrong. That a file or transaction set was accepted is in reporting.files only.';
COMMENT ON COLUMN reporting.claim_answers.claim_number IS 'As it was sent.';
COMMENT ON COLUMN reporting.claim_answers.effect IS 'applied: it changed the claim; no_change: it said nothing new; superseded: a newer version had been made.';
COMMENT ON COLUMN reporting.claim_answers.line_number IS 'The claim line it is about; absent: the whole claim.';
COMMENT ON COLUMN reporting.claim_answers.fix_location IS 'Where to correct it; absent: the code names no place.';
COMMENT ON COLUMN reporting.claim_answers.client_key IS 'Pseudonym of the client, the same in every view of this database.';

CREATE VIEW reporting.overdue_answers AS
WITH file AS (
    SELECT x.interchange_id, x.receiver_code, v.name AS receiver_name, x.file_name, x.control_number,
        x.interchange_state, x.sent_at, x.sent_at + v.acknowledgment_due_after AS acknowledgment_due_at,
        x.sent_at + v.claim_answer_due_after AS claim_answer_due_at, n.instant
    FROM billing.interchange x
    JOIN billing.receiver v USING (receiver_code)
    CROSS JOIN (SELECT billing.inbox_clock() AS instant) n
    WHERE x.interchange_state IN ('sent', 'acknowledged') AND (x.wait_until IS NULL OR x.wait_until <= n.instant)
), missing AS (
    SELECT 'acknowledgment' AS missing, f.interchange_id, t.organization_id, sum(t.claim_count) AS claim_count,
        f.acknowledgment_due_at AS due_at
    FROM file f
    JOIN billing.transaction_set t USING (interchange_id)
    WHERE f.interchange_state = 'sent' AND f.acknowledgment_due_at < f.instant
    GROUP BY f.interchange_id, t.organization_id, f.acknowledgment_due_at
    UNION ALL
    SELECT 'claim_answer', f.interchange_id, k.organization_id, count(*), f.claim_answer_due_at
    FROM billing.claim k
    JOIN billing.claim_submission s ON s.claim_id = k.claim_id AND s.version = k.version
    JOIN file f USING (interchange_id)
    WHERE k.claim_status = 'submitted' AND f.claim_answer_due_at < f.instant
        AND NOT EXISTS (
            SELECT FROM billing.acknowledgment a
            WHERE a.claim_id = k.claim_id AND a.version = k.version AND a.source = '277CA'
                -- That it is pending, or was not found, is not what is waited for.
                AND a.grain = 'claim' AND a.outcome <> 'pending'
        )
    GROUP BY f.interchange_id, k.organization_id, f.claim_answer_due_at
)
SELECT m.missing, f.receiver_code, f.receiver_name, f.interchange_id, f.file_name, f.control_number,
    m.organization_id, o.name AS organization_name, m.claim_count, f.sent_at AS waiting_since, m.due_at
FROM missing m
JOIN file f USING (interchange_id)
JOIN practice.organization o USING (organization_id);
COMMENT ON VIEW reporting.overdue_answers IS 'Grain: one row per claim file, organization in it and kind of answer that should have come by now. A file about which a person said how long to wait is left out until then. Instants are UTC.';
COMMENT ON COLUMN reporting.overdue_answers.missing IS 'acknowledgment: no TA1 or 999 for the file; claim_answer: no 277CA that accepts or rejects claims that are still submitted.';
COMMENT ON COLUMN reporting.overdue_answers.claim_count IS 'Claims of the organization in the file that wait for it.';

-- Who may --------------------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION billing.analyze_incoming(), billing.inbox_clock(),
    billing.return_claims(bigint[], smallint[], boolean, text), billing.return_claim(bigint, text),
    billing.return_claims_of_file(bigint, text), billing.reject_file(bigint, text),
    billing.dismiss_inbox_file(bigint, text), billing.retry_inbox_file(bigint, text) FROM PUBLIC;
GRANT SELECT ON billing.inbox_file, billing.inbox_listing, billing.acknowledgment, billing.answer_code, billing.answer_place
    TO billing_pipeline, billing_settings;
GRANT INSERT ON billing.inbox_file, billing.inbox_listing, billing.acknowledgment, billing.claim_rejection
    TO billing_pipeline;
GRANT UPDATE (contents, file_state, reason_code, segment_number, decided_at) ON billing.inbox_file TO billing_pipeline;
GRANT INSERT, UPDATE ON billing.answer_code, billing.answer_place TO billing_pipeline;
GRANT SELECT, INSERT, UPDATE, DELETE ON billing.incoming_answer, billing.incoming_claim TO billing_pipeline;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA billing TO billing_pipeline;
GRANT EXECUTE ON FUNCTION billing.analyze_incoming(), billing.inbox_clock(),
    billing.return_claims(bigint[], smallint[], boolean, text) TO billing_pipeline;
-- The view calls it; without USAGE on schema billing an analyst cannot name it.
GRANT EXECUTE ON FUNCTION billing.inbox_clock() TO billing_settings, billing_analyst;
GRANT EXECUTE ON FUNCTION billing.return_claim(bigint, text), billing.return_claims_of_file(bigint, text),
    billing.reject_file(bigint, text), billing.dismiss_inbox_file(bigint, text),
    billing.retry_inbox_file(bigint, text) TO billing_settings;
GRANT SELECT ON reporting.files, reporting.inbox_files, reporting.unknown_answers, reporting.claim_answers,
    reporting.overdue_answers TO billing_pipeline, billing_settings, billing_analyst;
