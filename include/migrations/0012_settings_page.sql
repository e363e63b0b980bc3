-- 0012_settings_page: who may see which organization, previews that cannot be kept, history by organization.
-- Lock: SHARE ROW EXCLUSIVE until the end on the seventeen tables that get a trigger, and SHARE on billing.history while
-- its index is built (partial: what people did): run it between nights, else it stops after five seconds.
-- Undo: drop what is created here; hold_item and release_item again as in 0003; DROP ROLE billing_preview.

-- Who may see which organization ---------------------------------------------------------------------------------------

CREATE TABLE billing.organization_access (
    organization_access_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    principal_kind text NOT NULL CHECK (principal_kind IN ('user', 'role')),
    principal_name text NOT NULL CHECK (principal_name <> ''),
    organization_id bigint REFERENCES practice.organization,
    granted_by text NOT NULL DEFAULT billing.actor(),
    granted_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE billing.organization_access IS 'Grain: one row per user or role of Airflow and organization that they may see on the settings page. Nobody sees what no row names; whether they may also change it is Airflow''s edit access to the DAGs.';
COMMENT ON COLUMN billing.organization_access.principal_name IS 'User name or role as Airflow''s auth manager knows it.';
COMMENT ON COLUMN billing.organization_access.organization_id IS 'Absent: every organization.';
COMMENT ON COLUMN billing.organization_access.granted_at IS 'Wall clock, also in a sample database.';
CREATE UNIQUE INDEX organization_access_once ON billing.organization_access
    (principal_kind, principal_name, coalesce(organization_id, 0));

CREATE FUNCTION billing.grant_access(kind text, name text, for_organization_id bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, billing AS $$
BEGIN
    IF kind NOT IN ('user', 'role') OR name = '' THEN
        RAISE EXCEPTION 'access is given to a user or a role, by name';
    END IF;
    IF for_organization_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM practice.organization o WHERE o.organization_id = for_organization_id) THEN
        RAISE EXCEPTION 'there is no organization %', for_organization_id;
    END IF;
    INSERT INTO billing.organization_access (principal_kind, principal_name, organization_id)
    VALUES (kind, name, for_organization_id)
    ON CONFLICT (principal_kind, principal_name, coalesce(organization_id, 0)) DO NOTHING;
    IF FOUND THEN
        INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
        VALUES (coalesce(for_organization_id, 0), 'organization_access', coalesce(for_organization_id, 0), 'granted',
            jsonb_build_object('kind', kind, 'name', name));
    END IF;
END
$$;
COMMENT ON FUNCTION billing.grant_access IS 'Lets a user or role of Airflow see an organization (NULL: every one) on the settings page; a second call changes nothing.';

CREATE FUNCTION billing.revoke_access(kind text, name text, for_organization_id bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, billing AS $$
BEGIN
    DELETE FROM billing.organization_access a
    WHERE a.principal_kind = kind AND a.principal_name = name AND a.organization_id IS NOT DISTINCT FROM for_organization_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% % has no such access: see billing.organization_access', kind, name;
    END IF;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (coalesce(for_organization_id, 0), 'organization_access', coalesce(for_organization_id, 0), 'revoked',
        jsonb_build_object('kind', kind, 'name', name));
END
$$;
COMMENT ON FUNCTION billing.revoke_access IS 'Takes back exactly what billing.grant_access gave: access to one organization, or (NULL) to every one.';

CREATE FUNCTION billing.may_see(kinds text[], names text[], of_organization_id bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (
        SELECT
        FROM billing.organization_access a
        JOIN unnest(kinds, names) AS me (kind, name) ON me.kind = a.principal_kind AND me.name = a.principal_name
        WHERE a.organization_id IS NULL OR a.organization_id = of_organization_id
    )
$$;
COMMENT ON FUNCTION billing.may_see IS 'Whether one of the principals (kinds and names of equal length) may see the organization on the settings page: the one place that says so.';

-- History of an organization -------------------------------------------------------------------------------------------

-- Of what people did only: the software writes some rows per claim, which nobody reads by organization.
CREATE INDEX history_by_organization ON billing.history (organization_id, history_id)
    WHERE changed_by NOT IN ('nightly run', 'delivery', 'clearinghouse inbox');

-- Previews -------------------------------------------------------------------------------------------------------------

DO $$
BEGIN
    CREATE ROLE billing_preview NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;  -- roles belong to the server: another database of it may have made it
END
$$;

-- A preview runs the steps of the night and is rolled back. That it is rolled back is not left to the code: whatever a
-- preview writes leaves a mark that cannot be committed.
CREATE TABLE billing.preview_mark (
    preview_mark_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY
);
COMMENT ON TABLE billing.preview_mark IS 'Grain: one row per statement of a preview that writes; always empty, because no transaction with a row in it can be committed.';

CREATE FUNCTION billing.refuse_preview() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a preview writes nothing: roll it back' USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION billing.refuse_preview() IS 'Refuses to commit what a preview wrote.';
CREATE CONSTRAINT TRIGGER refuse_preview AFTER INSERT ON billing.preview_mark
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION billing.refuse_preview();

CREATE FUNCTION billing.mark_preview() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    INSERT INTO billing.preview_mark DEFAULT VALUES;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION billing.mark_preview() IS 'Notes that the transaction holds what a preview wrote.';

DO $$
DECLARE
    written record;
BEGIN
    -- What the steps and the page's own changes write, and no more.
    FOR written IN
        SELECT split_part(entry, ':', 1) AS table_name, split_part(entry, ':', 2) AS privileges
        FROM unnest(ARRAY[
            'run:INSERT', 'run_attempt:INSERT, UPDATE', 'run_organization:INSERT, UPDATE', 'work_lock:INSERT, UPDATE',
            'candidate:INSERT, UPDATE, DELETE', 'invoice:INSERT', 'invoice_line:INSERT', 'claim:INSERT',
            'decision:INSERT, UPDATE', 'finding:INSERT, UPDATE', 'scrub:INSERT', 'edit:INSERT, UPDATE',
            'edit_not_checked:INSERT, UPDATE', 'history:INSERT', 'automation_setting:INSERT, UPDATE',
            'exclusion_rule:INSERT, UPDATE', 'exclusion_condition:INSERT, UPDATE, DELETE'
        ]) AS entry
    LOOP
        EXECUTE format('GRANT %s ON billing.%I TO billing_preview', written.privileges, written.table_name);
        -- Per statement, so that a night does not feel it. A role that is missing (a restore on another server) is no error.
        EXECUTE format('CREATE TRIGGER mark_preview BEFORE INSERT OR UPDATE OR DELETE ON billing.%I FOR EACH STATEMENT'
            ' WHEN (pg_has_role(current_user, to_regrole(''billing_preview''), ''USAGE'')'
            ' AND NOT coalesce(pg_has_role(current_user, to_regrole(''billing_pipeline''), ''USAGE''), false))'
            ' EXECUTE FUNCTION billing.mark_preview()', written.table_name);
    END LOOP;
END
$$;

-- Who held, who released ------------------------------------------------------------------------------------------------

-- As in 0003, but who calls again is who holds or releases from then on, and the history keeps every reason.
CREATE OR REPLACE FUNCTION billing.hold_item(
    hold_automation text, hold_item_id bigint, hold_reason text, until date DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    made_id bigint;
    of_organization bigint := billing.organization_of_item(hold_automation, hold_item_id);
BEGIN
    INSERT INTO billing.hold (organization_id, automation, item_id, hold_until, reason)
    VALUES (of_organization, hold_automation, hold_item_id, until, hold_reason)
    ON CONFLICT (automation, item_id) WHERE lifted_at IS NULL
        DO UPDATE SET hold_until = excluded.hold_until, reason = excluded.reason, held_by = billing.actor(),
            held_at = billing.clock()
    RETURNING hold_id INTO made_id;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (of_organization, hold_automation, hold_item_id, 'held',
        jsonb_build_object('until', until, 'reason', hold_reason));
    RETURN made_id;
END
$$;

CREATE OR REPLACE FUNCTION billing.release_item(
    release_automation text, release_item_id bigint, release_reason text, in_spite_of_rules boolean DEFAULT false
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    of_organization bigint := billing.organization_of_item(release_automation, release_item_id);
BEGIN
    INSERT INTO billing.release (organization_id, automation, item_id, ignores_rules, reason)
    VALUES (of_organization, release_automation, release_item_id, in_spite_of_rules, release_reason)
    ON CONFLICT (automation, item_id) WHERE withdrawn_at IS NULL
        DO UPDATE SET ignores_rules = excluded.ignores_rules, reason = excluded.reason, released_by = billing.actor(),
            released_at = billing.clock();
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (of_organization, release_automation, release_item_id, 'released',
        jsonb_build_object('in_spite_of_rules', in_spite_of_rules, 'reason', release_reason));
END
$$;

-- Privileges -----------------------------------------------------------------------------------------------------------

REVOKE ALL ON FUNCTION billing.grant_access(text, text, bigint), billing.revoke_access(text, text, bigint),
    billing.may_see(text[], text[], bigint), billing.refuse_preview(), billing.mark_preview() FROM PUBLIC;
GRANT USAGE ON SCHEMA practice, billing, reference, reporting TO billing_preview;
GRANT SELECT ON ALL TABLES IN SCHEMA practice, billing, reference, reporting TO billing_preview;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA billing TO billing_preview;
GRANT EXECUTE ON FUNCTION billing.clock(), billing.actor(), billing.billing_day(timestamptz, text),
    billing.local_today(bigint), billing.value_key(text), billing.database_identity() TO billing_preview;
GRANT SELECT ON billing.organization_access TO billing_settings;
GRANT EXECUTE ON FUNCTION billing.may_see(text[], text[], bigint) TO billing_settings;
