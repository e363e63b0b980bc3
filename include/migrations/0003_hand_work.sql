-- 0003_hand_work: the named functions through which a person moves items; nothing else changes a step by hand.
-- Lock: creates only. Undo: drop the functions.
-- Each writes history in the same transaction. Who acts is the setting billing.actor. A wrong call raises an error with
-- SQLSTATE P0001 whose text says what to do.

CREATE FUNCTION billing.local_today(for_organization_id bigint) RETURNS date LANGUAGE sql STABLE AS $$
    SELECT (billing.clock() AT TIME ZONE o.timezone)::date
    FROM practice.organization o
    WHERE o.organization_id = for_organization_id
$$;
COMMENT ON FUNCTION billing.local_today IS 'The calendar date where the organization is: work by hand enters its step on it.';

CREATE FUNCTION billing.organization_of_item(of_automation text, of_item_id bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found_id bigint;
BEGIN
    found_id := CASE of_automation
        WHEN 'invoice_creation'
            THEN (SELECT a.organization_id FROM practice.appointment a WHERE a.appointment_id = of_item_id)
        WHEN 'invoice_processing'
            THEN (SELECT i.organization_id FROM billing.invoice i WHERE i.invoice_id = of_item_id)
        WHEN 'claims_submission'
            THEN (SELECT c.organization_id FROM billing.claim c WHERE c.claim_id = of_item_id)
    END;
    IF found_id IS NULL THEN
        RAISE EXCEPTION 'there is no item % of %', of_item_id, of_automation;
    END IF;
    RETURN found_id;
END
$$;
COMMENT ON FUNCTION billing.organization_of_item IS 'The organization of an appointment, invoice or claim; an error when there is none.';

CREATE FUNCTION billing.wait_for_run(of_automation text, of_organization_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
    SELECT FROM billing.work_lock w
    WHERE w.automation = of_automation AND w.organization_id = of_organization_id
    FOR UPDATE
$$;
COMMENT ON FUNCTION billing.wait_for_run IS 'Waits until no nightly step writes to the organization, and keeps the next one waiting until the transaction ends.';

CREATE FUNCTION billing.hold_item(
    hold_automation text, hold_item_id bigint, hold_reason text, until date DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    made_id bigint;
    of_organization bigint := billing.organization_of_item(hold_automation, hold_item_id);
BEGIN
    INSERT INTO billing.hold (organization_id, automation, item_id, hold_until, reason)
    VALUES (of_organization, hold_automation, hold_item_id, until, hold_reason)
    ON CONFLICT (automation, item_id) WHERE lifted_at IS NULL
        DO UPDATE SET hold_until = excluded.hold_until, reason = excluded.reason
    RETURNING hold_id INTO made_id;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (of_organization, hold_automation, hold_item_id, 'held', jsonb_build_object('until', until));
    RETURN made_id;
END
$$;
COMMENT ON FUNCTION billing.hold_item IS 'Keeps an item where it is until a night, or until lifted; a second call changes the date and reason.';

CREATE FUNCTION billing.lift_hold(held_automation text, held_item_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    of_organization bigint := billing.organization_of_item(held_automation, held_item_id);
BEGIN
    UPDATE billing.hold SET lifted_by = billing.actor(), lifted_at = billing.clock()
    WHERE automation = held_automation AND item_id = held_item_id AND lifted_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'item % of % is not on hold', held_item_id, held_automation;
    END IF;
    INSERT INTO billing.history (organization_id, subject, subject_id, action)
    VALUES (of_organization, held_automation, held_item_id, 'hold lifted');
END
$$;
COMMENT ON FUNCTION billing.lift_hold IS 'Ends the hold of an item.';

CREATE FUNCTION billing.release_item(
    release_automation text, release_item_id bigint, release_reason text, in_spite_of_rules boolean DEFAULT false
) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    of_organization bigint := billing.organization_of_item(release_automation, release_item_id);
BEGIN
    INSERT INTO billing.release (organization_id, automation, item_id, ignores_rules, reason)
    VALUES (of_organization, release_automation, release_item_id, in_spite_of_rules, release_reason)
    ON CONFLICT (automation, item_id) WHERE withdrawn_at IS NULL
        DO UPDATE SET ignores_rules = excluded.ignores_rules, reason = excluded.reason;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (of_organization, release_automation, release_item_id, 'released',
        jsonb_build_object('in_spite_of_rules', in_spite_of_rules));
END
$$;
COMMENT ON FUNCTION billing.release_item IS 'Lets the next run take an item before its review day is over, and if asked in spite of exclusion rules.';

CREATE FUNCTION billing.create_invoice(for_appointment_id bigint) RETURNS bigint
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
    IF (SELECT count(*) FROM practice.appointment_service s WHERE s.appointment_id = a.appointment_id) > 50 THEN
        RAISE EXCEPTION 'appointment % has more than 50 services, which is what one claim holds: split it', for_appointment_id;
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
    SET total_amount = (SELECT sum(l.charge_amount) FROM billing.invoice_line l WHERE l.invoice_id = made_id)
    WHERE i.invoice_id = made_id;
    UPDATE billing.decision d SET closed_on = greatest(d.opened_on, today)
    WHERE d.automation = 'invoice_creation' AND d.item_id = a.appointment_id AND d.closed_on IS NULL;
    INSERT INTO billing.history (organization_id, subject, subject_id, action)
    VALUES (a.organization_id, 'invoice', made_id, 'created by hand');
    RETURN made_id;
END
$$;
COMMENT ON FUNCTION billing.create_invoice IS 'Makes the invoice of an appointment by hand, priced as a nightly run would; its review day is the rest of today.';

CREATE FUNCTION billing.create_claim(for_invoice_id bigint, for_level text DEFAULT 'primary') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    i billing.invoice;
    today date;
    made_id bigint;
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
    INSERT INTO billing.claim (organization_id, invoice_id, client_id, level, total_amount, entered_step_on)
    VALUES (i.organization_id, i.invoice_id, i.client_id, for_level, i.total_amount, today)
    ON CONFLICT (invoice_id, level, part) WHERE claim_status <> 'void' DO NOTHING
    RETURNING claim_id INTO made_id;
    IF made_id IS NULL THEN
        RAISE EXCEPTION 'invoice % has a live % claim', for_invoice_id, for_level;
    END IF;
    UPDATE billing.decision d SET closed_on = greatest(d.opened_on, today)
    WHERE d.automation = 'invoice_processing' AND d.item_id = i.invoice_id AND d.closed_on IS NULL;
    INSERT INTO billing.history (organization_id, subject, subject_id, action)
    VALUES (i.organization_id, 'claim', made_id, 'created by hand');
    RETURN made_id;
END
$$;
COMMENT ON FUNCTION billing.create_claim IS 'Advances an invoice by hand, whatever rules say: makes its claim of a level; its review day is the rest of today.';

CREATE FUNCTION billing.confirm_invoice(for_invoice_id bigint) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
BEGIN
    UPDATE billing.invoice SET confirmed_at = clock_timestamp()
    WHERE invoice_id = for_invoice_id AND invoice_status = 'open';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no open invoice %', for_invoice_id;
    END IF;
END
$$;
COMMENT ON FUNCTION billing.confirm_invoice IS 'Says that an invoice stands although its appointment was changed after it.';

CREATE FUNCTION billing.move_back_claim(for_claim_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    moved billing.claim;
    today date;
BEGIN
    PERFORM billing.wait_for_run('claims_submission', c.organization_id)
    FROM billing.claim c WHERE c.claim_id = for_claim_id;
    UPDATE billing.claim c SET claim_status = 'void'
    WHERE c.claim_id = for_claim_id AND c.claim_status = 'awaiting_submission'
        AND NOT EXISTS (SELECT FROM billing.claim_submission s WHERE s.claim_id = c.claim_id AND s.version = c.version)
    RETURNING c.* INTO moved;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'claim % is not awaiting submission, or is in a file already: it cannot be moved back', for_claim_id;
    END IF;
    today := billing.local_today(moved.organization_id);
    UPDATE billing.invoice SET entered_step_on = today WHERE invoice_id = moved.invoice_id;
    -- A release was for the way forward; the way back begins a new review day.
    UPDATE billing.release SET withdrawn_at = billing.clock()
    WHERE withdrawn_at IS NULL AND ((automation = 'invoice_processing' AND item_id = moved.invoice_id)
        OR (automation = 'claims_submission' AND item_id = moved.claim_id));
    UPDATE billing.decision d SET closed_on = greatest(d.opened_on, today)
    WHERE d.automation = 'claims_submission' AND d.item_id = moved.claim_id AND d.closed_on IS NULL;
    INSERT INTO billing.history (organization_id, subject, subject_id, action, detail)
    VALUES (moved.organization_id, 'claim', moved.claim_id, 'moved back', jsonb_build_object('reason', why));
END
$$;
COMMENT ON FUNCTION billing.move_back_claim IS 'Takes a claim that was not sent back to its invoice, whose review day begins again.';

CREATE FUNCTION billing.void_invoice(for_invoice_id bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, billing AS $$
DECLARE
    voided billing.invoice;
BEGIN
    PERFORM billing.wait_for_run('invoice_processing', i.organization_id)
    FROM billing.invoice i WHERE i.invoice_id = for_invoice_id;
    UPDATE billing.invoice i SET invoice_status = 'void'
    WHERE i.invoice_id = for_invoice_id AND i.invoice_status = 'open'
        AND NOT EXISTS (SELECT FROM billing.claim c WHERE c.invoice_id = i.invoice_id AND c.claim_status <> 'void')
    RETURNING i.* INTO voided;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'invoice % is not open, or has a live claim: move the claim back first', for_invoice_id;
    END IF;
    UPDATE billing.decision d SET closed_on = greatest(d.opened_on, billing.local_today(voided.organization_id))
    WHERE d.automation = 'invoice_processing' AND d.item_id = voided.invoice_id AND d.closed_on IS NULL;
    -- Else the next night would make the invoice again.
    PERFORM billing.hold_item('invoice_creation', voided.appointment_id, 'its invoice was voided: ' || why);
END
$$;
COMMENT ON FUNCTION billing.void_invoice IS 'Voids an open invoice without a live claim and puts its appointment on hold.';
