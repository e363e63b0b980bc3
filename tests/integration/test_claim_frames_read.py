"""From practice data to the claims frame: what stands in a table arrives in its column, on both sides of borders."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from include.claim_frames import FRAME_COLUMNS, as_frame
from tests.support.claim_frames import MONDAY, WEDNESDAY, change, claim_of, facts, read, values
from tests.support.practice import TUESDAY, Connection, Practice


@pytest.fixture
def practice(billing: Connection) -> Practice:
    return Practice(billing)


# Shape


@pytest.mark.parametrize("is_empty", [False, True])
def test_every_frame_has_the_types_its_users_expect(practice: Practice, is_empty: bool) -> None:
    claim = claim_of(practice)
    frames = read(practice, *([] if is_empty else [claim]))
    assert len(FRAME_COLUMNS) == 7
    for name, columns in FRAME_COLUMNS.items():
        frame, expected = getattr(frames, name), as_frame({}, columns)
        assert list(frame.columns) == list(expected.columns), name
        assert frame.dtypes.astype(str).to_dict() == expected.dtypes.astype(str).to_dict(), name
        assert isinstance(frame.index, pd.RangeIndex), name
    assert len(frames.claims) == len(frames.lines) == len(frames.diagnoses) == (0 if is_empty else 1)


def test_claims_come_in_order_of_organization_and_claim_and_their_lines_in_order_of_claim(practice: Practice) -> None:
    other = Practice(practice.connection, 2, "America/Phoenix")
    later = claim_of(other)
    two = claim_of(practice, services=[practice.default_service_type] * 2)
    last = claim_of(practice)
    frames = read(practice, last, later, two, 999_999, two)
    assert values(frames.claims, "organization_id", "claim_id") == [(1, two), (1, last), (2, later)]
    assert values(frames.lines, "claim_id", "line_number") == [(later, 1), (two, 1), (two, 2), (last, 1)]
    assert values(frames.diagnoses, "claim_id", "rank", "diagnosis_code") == [
        (claim, 1, "F411") for claim in (later, two, last)
    ]


def test_a_claim_whose_appointment_client_or_location_is_gone_is_left_out(practice: Practice) -> None:
    whole = claim_of(practice)
    gone = {
        "appointment": claim_of(practice),
        "client": claim_of(practice),
        "location": claim_of(practice, location_id=practice.location()),
    }
    change(practice, "SET session_replication_role = replica")
    for table, claim in gone.items():
        change(
            practice,
            f"DELETE FROM practice.{table} WHERE {table}_id = (SELECT i.{table}_id FROM billing.invoice i"  # noqa: S608
            " JOIN billing.claim c USING (invoice_id) WHERE c.claim_id = %s)",
            claim,
        )
    frames = read(practice, whole, *gone.values())
    assert values(frames.claims, "claim_id") == values(frames.lines, "claim_id") == [(whole,)]


# Providers


def test_the_insurers_own_billing_provider_counts_before_the_default_and_payments_may_go_elsewhere(
    practice: Practice,
) -> None:
    pay_to = {
        "pay_to_address_1": "PO Box 7",
        "pay_to_address_2": "Suite 2",
        "pay_to_city": "Golden",
        "pay_to_state_code": "CO",
        "pay_to_postal_code": "804010007",
    }
    own = practice.billing_provider(
        entity_type="person", name="Rowe", first_name="Ada", tax_id_type="social_security", **pay_to
    )
    insurer = practice.insurer(billing_provider_id=own)
    columns = (
        "billing_provider_id",
        "billing_entity_type",
        "billing_name",
        "billing_first_name",
        "billing_tax_id_type",
    )
    usual = claim_of(practice)
    assert facts(practice, usual, *columns) == (
        practice.default_billing_provider,
        "2",
        "Aspen Counseling Group",
        None,
        "EI",
    )
    assert facts(practice, usual, *pay_to) == (None,) * 5
    claim = claim_of(practice, client=practice.insured(insurer))
    assert facts(practice, claim, *columns) == (own, "1", "Rowe", "Ada", "SY")
    assert facts(practice, claim, *pay_to) == tuple(pay_to.values())


def test_an_organization_without_a_default_billing_provider_has_none_on_its_claims(practice: Practice) -> None:
    claim = claim_of(practice)
    change(practice, "UPDATE practice.billing_provider SET is_default = false")
    assert facts(practice, claim, "billing_provider_id", "billing_name", "billing_npi") == (None, None, None)


def test_rendering_supervising_and_treating_clinicians_follow_the_supervision(practice: Practice) -> None:
    boss = practice.staff(last_name="Boss", license_type="PhD")
    approved = practice.staff(last_name="Junior", supervisor_id=boss, license_type="LPC")
    billed_under = practice.staff(
        last_name="Intern", supervisor_id=boss, is_billed_under_supervisor=True, license_type="LMSW"
    )
    columns = (
        "rendering_staff_id", "rendering_last_name", "rendering_license_type", "supervising_last_name",
        "treating_staff_id", "treating_license_type",
    )  # fmt: skip
    assert [facts(practice, claim_of(practice, staff=staff), *columns) for staff in (boss, approved, billed_under)] == [
        (boss, "Boss", "PhD", None, boss, "PhD"),
        (approved, "Junior", "LPC", "Boss", approved, "LPC"),
        (boss, "Boss", "PhD", None, billed_under, "LMSW"),
    ]


def test_who_referred_the_client_stands_on_the_claim_as_person_or_organization(practice: Practice) -> None:
    referrers: list[tuple[int | None, tuple[str | None, ...]]] = [
        (None, (None,) * 4),
        (practice.referring_provider(), ("1", "Tanner", "Iris", "1679576722")),
        (
            practice.referring_provider(entity_type="organization", last_name="Elm Clinic", first_name=None, npi=None),
            ("2", "Elm Clinic", None, None),
        ),
    ]
    for referrer, expected in referrers:
        client = practice.client(referring_provider_id=referrer)
        practice.policy(client)
        claim = claim_of(practice, client=client)
        columns = ("entity_type", "last_name", "first_name", "npi")
        assert facts(practice, claim, *(f"referring_{name}" for name in columns)) == expected


# Coverage


def test_the_policy_in_force_on_the_service_date_is_taken_and_those_of_its_level_are_counted(
    practice: Practice,
) -> None:
    columns = ("policy_id", "policy_starts_on", "policy_ends_on", "policies_at_level")
    for starts_on, ends_on, is_in_force in (
        (None, None, True),
        (TUESDAY, TUESDAY, True),
        (WEDNESDAY, None, False),
        (None, MONDAY, False),
        ("-infinity", "infinity", True),
    ):
        client = practice.client()
        policy = practice.policy(client, starts_on=starts_on, ends_on=ends_on)
        practice.policy(client, level="secondary")
        claim = claim_of(practice, client=client)
        shown = [None if day in (None, "infinity", "-infinity") else day for day in (starts_on, ends_on)]
        assert facts(practice, claim, *columns) == (policy, *shown, int(is_in_force)), (starts_on, ends_on)
    assert facts(practice, claim_of(practice, client=practice.client()), *columns) == (None, None, None, 0)


def test_of_several_policies_one_in_force_counts_then_the_latest_start_then_the_lowest_id(practice: Practice) -> None:
    columns = ("policy_id", "policies_at_level")
    client = practice.client()
    practice.policy(client, starts_on=WEDNESDAY)
    open_start = practice.policy(client, starts_on=None)
    assert facts(practice, claim_of(practice, client=client), *columns) == (open_start, 1)
    early = practice.policy(client, starts_on="2026-01-01")
    practice.policy(client, starts_on="2026-01-01")
    assert facts(practice, claim_of(practice, client=client), *columns) == (early, 3)
    # None in force: the latest that there is, so that the scrubber can say what is wrong with it.
    change(practice, "DELETE FROM practice.policy WHERE starts_on = %s", WEDNESDAY)
    change(practice, "UPDATE practice.policy SET ends_on = %s", MONDAY)
    assert facts(practice, claim_of(practice, client=client), *columns) == (early, 0)


def test_the_subscriber_is_the_patient_or_whom_the_policy_names(practice: Practice) -> None:
    columns = ("relationship", "subscriber_last_name", "subscriber_birth_on", "subscriber_city", "patient_last_name")
    own = claim_of(practice, client=practice.insured(subscriber_last_name="Nobody"))
    assert facts(practice, own, *columns) == ("self", "Example", "1990-04-02", "Fort Example", "Example")
    child = claim_of(
        practice,
        client=practice.insured(
            relationship="child", subscriber_last_name="Parent", subscriber_birth_on="1960-01-01", group_number="G1"
        ),
    )
    assert facts(practice, child, *columns) == ("child", "Parent", "1960-01-01", None, "Example")
    assert facts(practice, child, "member_id", "group_number", "payer_name", "payer_code", "claim_filing_code") == (
        "W123456789",
        "G1",
        "Prairie Health",
        "60054",
        "CI",
    )
    change(practice, "UPDATE practice.policy SET has_assignment_of_benefits = false WHERE relationship = 'self'")
    signatures = ("assignment_of_benefits", "release_of_information")
    assert facts(practice, own, *signatures) == (False, True)
    assert facts(practice, claim_of(practice, client=practice.client()), *signatures) == (False, False)


def authorize(practice: Practice, client: int, number: str, **changes: object) -> int:
    row = {"client_id": client, "insurer_id": practice.default_insurer, "authorization_number": number}
    return practice._add("practice.prior_authorization", "prior_authorization_id", row, changes)


AUTHORIZATION = (
    "authorization_number", "authorization_starts_on", "authorization_ends_on", "authorization_visit_limit",
    "authorization_visit_count", "lapsed_authorization_on",
)  # fmt: skip


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "expected"),
    [
        (TUESDAY, TUESDAY, ("A1", TUESDAY, TUESDAY, None, None, None)),
        (MONDAY, None, ("A1", MONDAY, None, None, None, None)),
        (MONDAY, MONDAY, (None, None, None, None, None, MONDAY)),
        (WEDNESDAY, None, (None,) * 6),
    ],
)
def test_an_authorization_counts_from_its_first_to_its_last_day_and_is_lapsed_after_it(
    practice: Practice, starts_on: str, ends_on: str | None, expected: tuple[object, ...]
) -> None:
    client = practice.insured()
    authorize(practice, client, "A1", starts_on=starts_on, ends_on=ends_on)
    assert facts(practice, claim_of(practice, client=client), *AUTHORIZATION) == expected


def test_an_authorization_for_the_service_counts_before_a_general_one_and_one_for_another_service_never(
    practice: Practice,
) -> None:
    other = practice.service_type()
    for services, expected in (
        ([practice.default_service_type], "general"),
        ([practice.default_service_type, other], "for the other"),
    ):
        client = practice.insured()
        authorize(practice, client, "for the other", starts_on="2026-01-01", service_type_id=other)
        authorize(practice, client, "general", starts_on="2026-02-01")
        authorize(practice, client, "of another insurer", starts_on="2026-02-02", insurer_id=practice.insurer())
        claim = claim_of(practice, client=client, services=services)
        assert facts(practice, claim, "authorization_number") == (expected,)


def test_the_newest_of_the_ended_authorizations_is_the_lapsed_one(practice: Practice) -> None:
    client = practice.insured()
    for ends_on in ("2026-02-20", MONDAY, "2026-01-31"):
        authorize(practice, client, "A", starts_on="2026-01-01", ends_on=ends_on)
    assert facts(practice, claim_of(practice, client=client), "lapsed_authorization_on") == (MONDAY,)


def test_visits_are_the_earlier_live_claims_under_the_authorization(practice: Practice) -> None:
    client = practice.insured()
    authorize(practice, client, "A1", starts_on="2026-02-02", ends_on="2026-12-31", visit_limit=2)
    claim_of(practice, "2026-02-01 10:00", client=client)  # before it
    first = claim_of(practice, "2026-02-02 10:00", client=client)
    void = claim_of(practice, "2026-02-10 10:00", client=client)
    change(practice, "UPDATE billing.claim SET claim_status = 'void' WHERE claim_id = %s", void)
    morning, evening = (claim_of(practice, f"{TUESDAY} {hour}:00", client=client) for hour in (10, 19))
    claim_of(practice, client=practice.insured())  # of another client
    later = claim_of(practice, f"{WEDNESDAY} 10:00", client=client)
    claims = read(practice, first, morning, evening, later).claims
    assert values(claims, "claim_id", "authorization_visit_limit", "authorization_visit_count") == [
        (first, 2, 0),
        (morning, 2, 1),
        (evening, 2, 2),
        (later, 2, 3),
    ]
    # Visits that another insurer covered are not of this one's authorization.
    change(practice, "UPDATE practice.policy SET starts_on = %s WHERE client_id = %s", TUESDAY, client)
    practice.policy(client, practice.insurer(), ends_on=MONDAY)
    assert facts(practice, evening, "authorization_visit_count") == (1,)


# The session


def test_how_the_session_was_held_arrives(practice: Practice) -> None:
    columns = ("place_of_service_code", "session_minutes", "telehealth", "location_id", "facility_name")
    assert facts(practice, claim_of(practice), *columns) == ("11", 60, None, practice.default_location, "Aspen North")
    claim = claim_of(
        practice,
        ends_at=practice.instant(f"{TUESDAY} 10:53"),
        telehealth="video",
        place_of_service_code="10",
        accident_cause="auto",
        accident_on="2026-02-01",
        accident_state_code="CO",
        claim_note="agreed upon by telephone",
    )
    assert facts(practice, claim, *columns[:3]) == ("10", 53, "video")
    assert values(read(practice, claim).lines, "place_of_service_code", "service_on") == [("10", TUESDAY)]
    assert facts(practice, claim, "accident_cause", "accident_on", "accident_state_code", "claim_note") == (
        "auto",
        "2026-02-01",
        "CO",
        "agreed upon by telephone",
    )


def test_a_session_is_as_well_signed_as_its_worst_note(practice: Practice) -> None:
    boss = practice.default_staff
    approved = practice.staff(supervisor_id=boss)
    cosigned = practice.staff(supervisor_id=boss, supervision="cosign")
    for staff, notes, expected in (
        (boss, [], "missing"),
        (boss, [(True, False)], "signed"),
        (boss, [(False, False)], "unsigned"),
        (boss, [(True, False), (False, True)], "unsigned"),
        (approved, [(True, False)], "signed"),
        (cosigned, [(True, True)], "signed"),
        (cosigned, [(True, False)], "awaiting_cosignature"),
        (cosigned, [(True, True), (True, False)], "awaiting_cosignature"),
        (cosigned, [(False, True)], "unsigned"),
    ):
        appointment = practice.appointment(staff=staff)
        for is_signed, is_cosigned in notes:
            practice.note(appointment, staff=staff, is_signed=is_signed, is_cosigned=is_cosigned)
        claim = practice.claim(practice.invoice(appointment))
        assert facts(practice, claim, "note_status") == (expected,), (staff, notes)


def test_another_claimed_session_of_the_clinician_overlaps_when_it_shares_a_minute(practice: Practice) -> None:
    claim = claim_of(practice)  # 10:00 to 11:00

    def overlaps(starts: str, **changes: Any) -> bool:
        other = practice.claim(practice.invoice(practice.appointment(f"{TUESDAY} {starts}", **changes)))
        found = facts(practice, claim, "overlapping_claim_number")[0]
        change(practice, "UPDATE billing.claim SET claim_status = 'void' WHERE claim_id = %s", other)
        assert found in (None, f"C{other}V1")
        return found is not None

    assert overlaps("10:59")
    assert overlaps("09:01")
    assert overlaps("10:00")
    assert not overlaps("11:00")
    assert not overlaps("09:00")
    assert not overlaps("10:00", staff=practice.staff())
    assert overlaps("02:01", ends_at=practice.instant(f"{TUESDAY} 10:01"))
    # So long a session is not looked for.
    assert not overlaps("01:59", ends_at=practice.instant(f"{TUESDAY} 10:01"))
    # Only invoiced: nothing was billed for the other one.
    practice.invoice(practice.appointment(f"{TUESDAY} 10:30"))
    assert facts(practice, claim, "overlapping_claim_number") == (None,)


def test_a_claim_of_another_level_does_not_overlap_its_own_session(practice: Practice) -> None:
    client = practice.insured()
    practice.policy(client, level="secondary")
    invoice = practice.invoice(practice.appointment(client=client))
    claims = [practice.claim(invoice), practice.claim(invoice, "secondary")]
    assert values(read(practice, *claims).claims, "overlapping_claim_number") == [(None,), (None,)]


def test_the_newest_earlier_evaluation_is_found_for_a_claim_of_an_evaluation(practice: Practice) -> None:
    evaluation = practice.service_type(procedure_code="90791")
    medical = practice.service_type(procedure_code="90792")
    client = practice.insured()

    def visit(starts: str, service: int) -> int:
        return claim_of(practice, starts, client=client, services=[service])

    visit("2026-01-05 10:00", medical)
    newest = visit("2026-01-12 10:00", evaluation)
    visit("2026-01-19 10:00", practice.default_service_type)
    visit(f"{TUESDAY} 15:00", medical)
    void = visit("2026-02-02 10:00", medical)
    change(practice, "UPDATE billing.claim SET claim_status = 'void' WHERE claim_id = %s", void)
    claim = visit(f"{TUESDAY} 10:00", evaluation)
    visit(f"{WEDNESDAY} 10:00", evaluation)
    assert facts(practice, claim, "prior_evaluation_on") == ("2026-01-12",)
    assert facts(practice, newest, "prior_evaluation_on") == ("2026-01-05",)
    # It is of no interest to other claims, and dear to look for.
    assert facts(practice, visit(f"{WEDNESDAY} 15:00", practice.default_service_type), "prior_evaluation_on") == (None,)
