-- 0010_delivery: receivers with their way of delivery, files with their stage, what stops all sending, doors for a person.
-- Lock: ACCESS EXCLUSIVE on billing.receiver, billing.interchange, billing.transaction_set and billing.deployment while
--   columns with constant defaults are added (no rewrite) and their rows checked; the three are small beside claims.
-- Undo: drop what is created here; ALTER TABLE … DROP COLUMN the columns added.

-- Receivers ------------------------------------------------------------------------------------------------------------

ALTER TABLE billing.receiver
    ADD COLUMN delivery_method text NOT NULL DEFAULT 'automatic'
        CHECK (delivery_method IN ('automatic', 'directory', 'sftp')),
    ADD COLUMN connection_id text NOT NULL DEFAULT 'clearinghouse' CHECK (connection_id <> ''),
    ADD COLUMN claims_folder text NOT NULL DEFAULT '',
    ADD COLUMN answers_folder text NOT NULL DEFAULT '',
    ADD COLUMN upload_pattern text NOT NULL DEFAULT 'suffix' CHECK (upload_pattern IN ('suffix', 'directory', 'direct')),
    ADD COLUMN temporary_suffix text NOT NULL DEFAULT '.tmp' CHECK (temporary_suffix ~ '^[A-Za-z0-9._-]{1,20}$'),
    ADD COLUMN temporary_folder text,
    ADD COLUMN file_extension text NOT NULL DEFAULT '837' CHECK (file_extension ~ '^[A-Za-z0-9]{1,8}$'),
    ADD COLUMN can_read_back boolean NOT NULL DEFAULT true,
    ADD COLUMN removes_answers boolean NOT NULL DEFAULT false,
    ADD COLUMN checks_duplicates boolean NOT NULL DEFAULT false,
    ADD COLUMN resend_after interval NOT NULL DEFAULT '24 hours' CHECK (resend_after >= interval '4 hours'),
    ADD COLUMN acknowledgment_due_after interval NOT NULL DEFAULT '24 hours'
        CHECK (acknowledgment_due_after > interval '0'),
    ADD COLUMN claim_answer_due_after interval NOT NULL DEFAULT '3 days' CHECK (claim_answer_due_after > interval '0'),
    ADD CHECK (upload_pattern <> 'directory' OR temporary_folder IS NOT NULL);
-- What is in production today delivers into the directory, and goes on doing so.
UPDATE billing.receiver SET delivery_method = 'directory' WHERE usage_indicator = 'P';
ALTER TABLE billing.receiver
    ADD CONSTRAINT receiver_production_is_explicit CHECK (usage_indicator = 'T' OR delivery_method <> 'automatic');
-- ISA13 is unique per sender and receiver; two rows of one agreement would count twice from 1.
DO $$
DECLARE
    codes text;
BEGIN
    SELECT string_agg(v.receiver_code, ', ' ORDER BY v.receiver_code) INTO codes
    FROM billing.receiver v
    GROUP BY v.receiver_id, v.submitter_id
    HAVING count(*) > 1;
    IF codes IS NOT NULL THEN
        RAISE EXCEPTION 'billing.receiver: % are one agreement (same receiver_id and submitter_id) and would give the same numbers: keep the row whose last_control_number the clearinghouse knows, delete the others, then migrate again', codes;
    END IF;
END
$$;
CREATE UNIQUE INDEX receiver_once_per_agreement ON billing.receiver (receiver_id, submitter_id);
COMMENT ON COLUMN billing.receiver.delivery_method IS 'automatic: SFTP where the Airflow connection exists, else the local directory; not for production, where a connection that is missing must not turn delivery into a copy on our own disk.';
COMMENT ON COLUMN billing.receiver.connection_id IS 'Airflow connection of the SFTP drop box; secrets live there only.';
COMMENT ON COLUMN billing.receiver.claims_folder IS 'Where claim files go: below BILLING_OUTBOX_DIR, or on the SFTP server (empty: the login''s folder).';
COMMENT ON COLUMN billing.receiver.answers_folder IS 'Where acknowledgments and remittances appear: below BILLING_INBOX_DIR, or on the SFTP server.';
COMMENT ON COLUMN billing.receiver.upload_pattern IS 'How a file is kept from being collected half-written: under a name with temporary_suffix, in temporary_folder, or not at all (direct: the receiver waits until a file is whole).';
COMMENT ON COLUMN billing.receiver.temporary_folder IS 'On the same file system as claims_folder, or files cannot be renamed into it.';
COMMENT ON COLUMN billing.receiver.file_extension IS 'Of claim files; some receivers take .dat or .txt only.';
COMMENT ON COLUMN billing.receiver.can_read_back IS 'Whether uploaded files may be read: then their SHA-256 is compared, else their size.';
COMMENT ON COLUMN billing.receiver.removes_answers IS 'Whether answers are deleted in the receiver''s folder once they are stored here.';
COMMENT ON COLUMN billing.receiver.checks_duplicates IS 'Whether the receiver refuses an ISA13 it has had. Only then is a file of unknown outcome sent again without a person.';
COMMENT ON COLUMN billing.receiver.resend_after IS 'How long an unknown outcome waits for an acknowledgment before it is sent again or a person is asked; longer than any task may run.';
COMMENT ON COLUMN billing.receiver.acknowledgment_due_after IS 'A file without a 999 for so long is overdue.';
COMMENT ON COLUMN billing.receiver.claim_answer_due_after IS 'A claim without a 277CA for so long is overdue.';

CREATE FUNCTION billing.record_receiver_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT 0, 'receiver', 0, CASE TG_OP WHEN 'INSERT' THEN 'added' ELSE 'changed' END,
        jsonb_build_object('receiver_code', NEW.receiver_code) || jsonb_object_agg(n.key,
            CASE TG_OP WHEN 'INSERT' THEN n.value ELSE jsonb_build_array(to_jsonb(OLD) -> n.key, n.value) END)
    FROM jsonb_each(to_jsonb(NEW)) AS n
    WHERE n.key <> 'last_control_number'
        AND (TG_OP = 'INSERT' OR n.value IS DISTINCT FROM to_jsonb(OLD) -> n.key)
    HAVING count(*) > 0;
    RETURN NULL;
END
$$;
CREATE TRIGGER record_receiver_change AFTER INSERT OR UPDATE ON billing.receiver
    FOR EACH ROW EXECUTE FUNCTION billing.record_receiver_change();

CREATE TABLE billing.receiver_route (
    receiver_route_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receiver_code text NOT NULL REFERENCES billing.receiver,
    organization_id bigint REFERENCES practice.organization,
    payer_code text CHECK (payer_code <> ''),
    CHECK (organization_id IS NOT NULL OR payer_code IS NOT NULL)
);
COMMENT ON TABLE billing.receiver_route IS 'Grain: one row per organization, insurer (by payer code) or pair of both whose claims go to another receiver than default; the pair counts before the organization, the organization before the insurer.';
CREATE UNIQUE INDEX receiver_route_once ON billing.receiver_route
    (coalesce(organization_id, 0), coalesce(payer_code, ''));

-- What stops all sending -----------------------------------------------------------------------------------------------

CREATE FUNCTION billing.database_identity() RETURNS text LANGUAGE sql STABLE AS $$
    -- The checkpoint names the new timeline minutes after a failover; the write-ahead log does at once.
    SELECT concat_ws('/', s.system_identifier,
        CASE WHEN pg_is_in_recovery() THEN lpad(to_hex(c.timeline_id), 8, '0')
            ELSE lower(left(pg_walfile_name(pg_current_wal_lsn()), 8)) END,
        d.oid, 'billing.interchange'::regclass::oid)
    FROM pg_control_system() s, pg_control_checkpoint() c, pg_database d
    WHERE d.datname = current_database()
$$;
COMMENT ON FUNCTION billing.database_identity() IS 'Another value after a restore, a copy or a failover: cluster, timeline, database and table.';

ALTER TABLE billing.deployment
    ADD COLUMN database_identity text NOT NULL DEFAULT '',
    ADD COLUMN locked_because text CHECK (locked_because IN ('number_ahead', 'number_reused')),
    ADD COLUMN reconciled_at timestamptz;
UPDATE billing.deployment SET database_identity = billing.database_identity();
COMMENT ON COLUMN billing.deployment.database_identity IS 'billing.database_identity() when sending was last allowed; another one now means a restore or a copy.';
COMMENT ON COLUMN billing.deployment.locked_because IS 'number_ahead: an answer names a control number not given yet; number_reused: a receiver says a first delivery''s number was used before, or answers a file that was never sent. Both mean an older state of this database.';
COMMENT ON COLUMN billing.deployment.reconciled_at IS 'When make reconcile last unlocked sending.';

CREATE VIEW billing.sending AS
SELECT s.stop_code IS NULL AS is_allowed, s.stop_code
FROM (
    SELECT CASE WHEN NOT d.is_sending_enabled THEN 'sending_stopped'
        WHEN d.database_identity <> billing.database_identity() OR d.locked_because IS NOT NULL
            THEN 'sending_locked' END AS stop_code
    FROM billing.deployment d
    -- Else it is worked out for each row that asks, and reads the control file each time.
    OFFSET 0
) s;
COMMENT ON VIEW billing.sending IS 'Grain: one row: whether files may leave. sending_stopped: a person''s switch; sending_locked: after a restore, until make reconcile.';

CREATE FUNCTION billing.lock_sending(because text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
    WITH locked AS (
        UPDATE billing.deployment SET locked_because = because WHERE locked_because IS NULL RETURNING locked_because
    )
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT 0, 'deployment', 0, 'sending locked', jsonb_build_object('because', l.locked_because) FROM locked l
$$;
COMMENT ON FUNCTION billing.lock_sending IS 'Locks all sending until make reconcile; a second call changes nothing.';

CREATE FUNCTION billing.unlock_sending(why text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
    WITH unlocked AS (
        UPDATE billing.deployment
        SET database_identity = billing.database_identity(), locked_because = NULL, reconciled_at = billing.clock()
        RETURNING 1
    )
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    SELECT 0, 'deployment', 0, 'sending unlocked', jsonb_build_object('reason', why) FROM unlocked
$$;
COMMENT ON FUNCTION billing.unlock_sending IS 'Takes this database as the one that sends: called by make reconcile once nothing can go out twice.';

-- Files ----------------------------------------------------------------------------------------------------------------

ALTER TABLE billing.interchange
    ADD COLUMN delivery_stage text CHECK (delivery_stage IN ('uploading', 'placing')),
    ADD COLUMN attempted_at timestamptz,
    ADD COLUMN delivered_to text,
    ADD COLUMN fault_code text,
    ADD COLUMN unknown_since timestamptz,
    ADD COLUMN acknowledged_at timestamptz,
    ADD COLUMN wait_until timestamptz,
    ADD COLUMN resend_count integer NOT NULL DEFAULT 0,
    ADD CONSTRAINT interchange_left_at CHECK (interchange_state IN ('built', 'sending', 'unknown') OR sent_at IS NOT NULL),
    ADD CONSTRAINT interchange_unknown_since CHECK ((interchange_state = 'unknown') = (unknown_since IS NOT NULL));
COMMENT ON COLUMN billing.interchange.interchange_state IS 'built: stored, not at the receiver; sending: a delivery has begun; unknown: it may or may not have arrived; sent: it is, or was, in the receiver''s folder; acknowledged: the receiver says it has it (TA1 or 999); rejected: the receiver refused the whole file.';
COMMENT ON COLUMN billing.interchange.delivery_stage IS 'Of the last attempt, written before it happens: uploading under a temporary name; placing under the final one. A crash while uploading has delivered nothing.';
COMMENT ON COLUMN billing.interchange.attempt_count IS 'Attempts at delivery. A worker whose attempt is not the newest may not place the file any more.';
COMMENT ON COLUMN billing.interchange.delivered_to IS 'directory, or sftp and the name of the connection; of the last attempt.';
COMMENT ON COLUMN billing.interchange.fault_code IS 'What stopped the last attempt, or the last look for the file; a code of include/clearinghouse/drop_box.py. Absent: nothing.';
COMMENT ON COLUMN billing.interchange.resend_count IS 'How often it was sent again although an earlier attempt may have arrived. Only then does a refusal as a duplicate (TA1 note 025) prove receipt.';
COMMENT ON COLUMN billing.interchange.wait_until IS 'A person knows why no answer comes: silence is no alarm until then.';
-- Before this version a delivery had no stages: only the folder can tell what became of one that was under way.
UPDATE billing.interchange SET delivery_stage = 'placing' WHERE interchange_state = 'sending';
-- Answers to files that were sent before are not expected here: their silence is no alarm.
UPDATE billing.interchange SET wait_until = '2999-01-01 00:00+00' WHERE interchange_state = 'sent';
ALTER TABLE billing.interchange
    ADD CONSTRAINT interchange_stage CHECK (interchange_state <> 'sending' OR delivery_stage IS NOT NULL);
DROP INDEX billing.interchange_undelivered;
CREATE INDEX interchange_undelivered ON billing.interchange (built_run_id)
    WHERE interchange_state IN ('built', 'sending', 'unknown');
CREATE INDEX interchange_unanswered ON billing.interchange (sent_at) WHERE interchange_state = 'sent';

CREATE FUNCTION billing.check_interchange_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.receiver_code, NEW.control_number, NEW.file_name, NEW.sha256, NEW.body)
        IS DISTINCT FROM (OLD.receiver_code, OLD.control_number, OLD.file_name, OLD.sha256, OLD.body) THEN
        RAISE EXCEPTION 'file %: a file in the outbox never changes', OLD.interchange_id;
    END IF;
    IF NEW.attempt_count < OLD.attempt_count THEN
        RAISE EXCEPTION 'file %: attempts are never uncounted', OLD.interchange_id;
    END IF;
    IF OLD.interchange_state <> NEW.interchange_state AND (OLD.interchange_state, NEW.interchange_state) NOT IN (
        ('built', 'sending'),
        ('sending', 'built'), ('sending', 'sent'), ('sending', 'unknown'),
        ('unknown', 'built'), ('unknown', 'sending'), ('unknown', 'sent'),
        -- Back only by a person: billing.resend_file.
        ('sent', 'built'), ('sent', 'acknowledged'), ('sent', 'rejected'),
        ('acknowledged', 'rejected'),
        -- An answer proves that it arrived, whatever the delivery saw.
        ('built', 'sent')
    ) THEN
        RAISE EXCEPTION 'file %: % never becomes %', OLD.interchange_id, OLD.interchange_state, NEW.interchange_state;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION billing.check_interchange_change() IS 'Keeps a file''s bytes and numbers as they are, and its state to the ways of docs/delivery.md.';
CREATE TRIGGER check_interchange_change BEFORE UPDATE ON billing.interchange
    FOR EACH ROW EXECUTE FUNCTION billing.check_interchange_change();

CREATE FUNCTION billing.record_interchange_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (0, 'file', NEW.interchange_id, NEW.interchange_state, jsonb_strip_nulls(jsonb_build_object(
        'from', OLD.interchange_state, 'attempt', NEW.attempt_count, 'fault', NEW.fault_code)));
    RETURN NULL;
END
$$;
CREATE TRIGGER record_interchange_state AFTER UPDATE ON billing.interchange
    FOR EACH ROW WHEN (OLD.interchange_state <> NEW.interchange_state)
    EXECUTE FUNCTION billing.record_interchange_state();

ALTER TABLE billing.transaction_set
    ADD COLUMN transaction_set_state text NOT NULL DEFAULT 'unanswered' CHECK (transaction_set_state IN
        ('unanswered', 'accepted', 'accepted_with_errors', 'rejected')),
    ADD COLUMN answered_at timestamptz;
COMMENT ON COLUMN billing.transaction_set.transaction_set_state IS 'What the 999 says of it (or TA1 and 999 of the whole file); rejected rejects its claims.';

ALTER TABLE billing.candidate ADD COLUMN receiver_code text;
COMMENT ON COLUMN billing.candidate.receiver_code IS 'To whom the claim goes (claims_submission).';

-- A person's doors -----------------------------------------------------------------------------------------------------

CREATE FUNCTION billing.resend_file(for_interchange_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'file %: say who confirmed that the receiver does not have it', for_interchange_id;
    END IF;
    IF EXISTS (
        SELECT FROM billing.interchange
        WHERE interchange_id = for_interchange_id AND interchange_state = 'unknown'
            AND attempted_at > billing.clock() - interval '3 hours'
    ) THEN
        RAISE EXCEPTION 'file %: the worker of its last attempt may still be at it: say so three hours after that attempt', for_interchange_id;
    END IF;
    IF EXISTS (SELECT FROM billing.acknowledgment WHERE interchange_id = for_interchange_id) THEN
        RAISE EXCEPTION 'file %: the receiver has answered it or its claims, so it has it: it is not sent again', for_interchange_id;
    END IF;
    UPDATE billing.interchange
    SET interchange_state = 'built', unknown_since = NULL, delivery_stage = NULL, sent_at = NULL, wait_until = NULL,
        resend_count = resend_count + 1
    WHERE interchange_id = for_interchange_id AND interchange_state IN ('unknown', 'sent');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'file % is neither unknown nor sent without an answer: it is not sent again', for_interchange_id;
    END IF;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (0, 'file', for_interchange_id, 'to be sent again', jsonb_build_object('reason', why));
END
$$;
COMMENT ON FUNCTION billing.resend_file IS 'A person says that the receiver does not have the file, and that it does not lie in its folder either: the next run of its bucket delivers the same bytes under the same number and name.';

CREATE FUNCTION billing.confirm_file(for_interchange_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'file %: say who confirmed that the receiver has it', for_interchange_id;
    END IF;
    PERFORM FROM billing.interchange
    WHERE interchange_id = for_interchange_id AND interchange_state = 'unknown' FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'file % is not unknown: there is nothing to confirm', for_interchange_id;
    END IF;
    PERFORM billing.record_file_sent(for_interchange_id);
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (0, 'file', for_interchange_id, 'confirmed', jsonb_build_object('reason', why));
END
$$;
COMMENT ON FUNCTION billing.confirm_file IS 'A person says that the receiver has the file of unknown outcome: it counts as sent, and its claims as submitted.';

CREATE FUNCTION billing.wait_for_answer(for_interchange_id bigint, until timestamptz, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    IF coalesce(why, '') = '' THEN
        RAISE EXCEPTION 'file %: say why no answer comes yet', for_interchange_id;
    END IF;
    UPDATE billing.interchange SET wait_until = until
    WHERE interchange_id = for_interchange_id AND interchange_state NOT IN ('built', 'sending', 'rejected');
    IF NOT FOUND THEN
        RAISE EXCEPTION 'file % is not with the receiver: no answer is due', for_interchange_id;
    END IF;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (0, 'file', for_interchange_id, 'answer can wait', jsonb_build_object('until', until, 'reason', why));
END
$$;
COMMENT ON FUNCTION billing.wait_for_answer IS 'Silences the alarm for a file and its claims until an instant; NULL: at once again.';

CREATE FUNCTION billing.record_file_sent(for_interchange_id bigint, by_run_id bigint DEFAULT NULL)
RETURNS TABLE (claim_count bigint, amount numeric)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    sent billing.interchange;
BEGIN
    UPDATE billing.interchange x
    SET interchange_state = 'sent', sent_at = billing.clock(),
        sent_run_id = coalesce(x.sent_run_id, by_run_id, x.built_run_id),
        unknown_since = NULL, delivery_stage = NULL, fault_code = NULL
    WHERE x.interchange_id = for_interchange_id AND x.interchange_state IN ('built', 'sending', 'unknown')
    RETURNING x.* INTO sent;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 0::bigint, 0::numeric;
        RETURN;
    END IF;
    RETURN QUERY
    WITH submitted AS (
        UPDATE billing.claim k
        SET claim_status = 'submitted', submitted_at = sent.sent_at
        FROM billing.claim_submission s
        WHERE s.interchange_id = for_interchange_id AND s.claim_id = k.claim_id AND s.version = k.version
            AND k.claim_status = 'awaiting_submission'
        RETURNING k.claim_id, k.total_amount
    ), closed AS (
        UPDATE billing.decision d
        SET closed_on = greatest(d.opened_on, r.night)
        FROM submitted s
        JOIN billing.run r ON r.run_id = sent.sent_run_id
        WHERE d.automation = 'claims_submission' AND d.item_id = s.claim_id AND d.closed_on IS NULL
    )
    SELECT count(*), coalesce(sum(s.total_amount), 0) FROM submitted s;
END
$$;
COMMENT ON FUNCTION billing.record_file_sent IS 'The file is with the receiver: its claims are submitted and nothing holds them any more; under the given run, else the one that built it. Returns what left; a second call changes nothing.';

-- Who may --------------------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION billing.record_receiver_change(), billing.database_identity(), billing.lock_sending(text),
    billing.unlock_sending(text), billing.check_interchange_change(), billing.record_interchange_state(),
    billing.resend_file(bigint, text), billing.confirm_file(bigint, text),
    billing.wait_for_answer(bigint, timestamptz, text), billing.record_file_sent(bigint, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION billing.database_identity() TO billing_pipeline, billing_settings;
GRANT EXECUTE ON FUNCTION billing.lock_sending(text), billing.record_file_sent(bigint, bigint) TO billing_pipeline;
GRANT EXECUTE ON FUNCTION billing.resend_file(bigint, text), billing.confirm_file(bigint, text),
    billing.wait_for_answer(bigint, timestamptz, text) TO billing_settings;
GRANT SELECT ON billing.receiver_route, billing.sending TO billing_pipeline, billing_settings;
GRANT UPDATE (transaction_set_state, answered_at) ON billing.transaction_set TO billing_pipeline;
