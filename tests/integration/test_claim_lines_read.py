"""From practice data to lines, diagnoses and the lines of other claims, on both sides of each border."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.claim_frames import MONDAY, WEDNESDAY, change, claim_of, facts, read, values
from tests.support.practice import TUESDAY, Connection, Practice


@pytest.fixture
def practice(billing: Connection) -> Practice:
    return Practice(billing)


def test_a_line_has_its_codes_money_description_and_note(practice: Practice) -> None:
    unlisted = practice.service_type(
        procedure_code="90899", modifier_1="HO", description="Art therapy, 45 minutes", rate="95.50"
    )
    services: list[int | dict[str, object]] = [
        practice.default_service_type,
        {"service_type_id": unlisted, "unit_count": 2, "claim_note": "agreed"},
    ]
    appointment = practice.appointment(services=services)
    claim = practice.claim(practice.invoice(appointment))
    columns = (
        "line_number", "procedure_code", "modifier_1", "modifier_2", "unit_count", "charge_cents", "description",
        "line_note",
    )  # fmt: skip
    assert values(read(practice, claim).lines, *columns) == [
        (1, "90837", None, None, 1, 15000, None, None),
        (2, "90899", "HO", None, 2, 19100, "Art therapy, 45 minutes", "agreed"),
    ]
    # A note on a service that took the billed one's place is not about the billed one.
    change(
        practice,
        "UPDATE practice.appointment_service SET service_type_id = %s WHERE appointment_id = %s AND line_number = 2",
        practice.default_service_type,
        appointment,
    )
    assert values(read(practice, claim).lines, "line_note") == [(None,), (None,)]


def test_diagnoses_in_force_are_numbered_without_gaps_and_lines_point_to_the_first_four(practice: Practice) -> None:
    client = practice.insured()
    claim = claim_of(practice, client=client)
    change(practice, "DELETE FROM practice.diagnosis WHERE client_id = %s", client)

    def diagnose(rank: int, code: str, starts_on: str, ends_on: str | None = None) -> None:
        change(
            practice,
            "INSERT INTO practice.diagnosis (client_id, organization_id, rank, diagnosis_code, starts_on, ends_on)"
            " VALUES (%s, 1, %s, %s, %s, %s)",
            *(client, rank, code, starts_on, ends_on),
        )

    def found() -> tuple[list[tuple[Any, ...]], Any]:
        frames = read(practice, claim)
        return values(frames.diagnoses, "rank", "diagnosis_code"), values(frames.lines, "diagnosis_pointers")[0][0]

    assert found() == ([], None)
    diagnose(2, "F331", "2026-01-01", MONDAY)
    diagnose(4, "F411", "2026-01-01", TUESDAY)
    diagnose(3, "F900", WEDNESDAY)
    assert found() == ([(1, "F411")], "1")
    diagnose(1, "F4323", TUESDAY)
    assert found() == ([(1, "F4323"), (2, "F411")], "1:2")
    for rank in range(5, 13):
        diagnose(rank, f"Z{rank:02d}", "2026-01-01")
    assert found()[1] == "1:2:3:4"
    diagnose(12, "Z98", "2026-02-01")
    diagnose(12, "Z99", "2026-02-02")
    diagnose(12, "Z97", "2026-02-03")
    assert found()[0][-3:] == [(10, "Z12"), (11, "Z98"), (12, "Z99")]


def sent_numbers(practice: Practice, claim: int) -> list[Any]:
    return [number for (number,) in values(read(practice, claim).lines, "sent_claim_number")]


def test_a_line_billed_before_for_the_same_client_clinician_day_and_codes_names_that_claim(practice: Practice) -> None:
    client = practice.insured()
    other_code = practice.service_type(procedure_code="90834")
    older = claim_of(practice, client=client)
    claim = claim_of(practice, f"{TUESDAY} 15:00", client=client, services=[practice.default_service_type, other_code])
    assert sent_numbers(practice, claim) == [f"C{older}V1", None]
    assert sent_numbers(practice, older) == [None]
    change(
        practice, "UPDATE billing.claim SET claim_status = 'submitted', submitted_at = now() WHERE claim_id = %s", claim
    )
    assert sent_numbers(practice, older) == [f"C{claim}V1"]
    for status in ("rejected", "void"):
        change(practice, "UPDATE billing.claim SET claim_status = %s WHERE claim_id = %s", status, claim)
        assert sent_numbers(practice, older) == [None], status


@pytest.mark.parametrize("differs", ["nothing", "client", "clinician", "day", "modifier"])
def test_each_of_client_clinician_day_and_modifiers_sets_two_sessions_apart(practice: Practice, differs: str) -> None:
    client, staff, service = practice.insured(), practice.default_staff, practice.default_service_type
    claim_of(practice, client=client)
    claim = claim_of(
        practice,
        f"{WEDNESDAY if differs == 'day' else TUESDAY} 15:00",
        client=practice.insured() if differs == "client" else client,
        staff=practice.staff() if differs == "clinician" else staff,
        services=[{"service_type_id": service} | ({"modifier_1": "59"} if differs == "modifier" else {})],
    )
    assert (sent_numbers(practice, claim) != [None]) == (differs == "nothing")
    assert len(read(practice, claim).same_day_lines) == (1 if differs in ("nothing", "modifier") else 0)


def test_one_billed_under_the_supervisor_and_the_supervisor_are_one_rendering_clinician(practice: Practice) -> None:
    client = practice.insured()
    under = practice.staff(supervisor_id=practice.default_staff, is_billed_under_supervisor=True)
    older = claim_of(practice, client=client)
    claim = claim_of(practice, f"{TUESDAY} 15:00", client=client, staff=under)
    assert sent_numbers(practice, claim) == [f"C{older}V1"]


@pytest.mark.parametrize("timezone", ["Pacific/Guam", "Pacific/Pago_Pago"])
def test_the_day_is_the_practices_wherever_it_is(billing: Connection, timezone: str) -> None:
    practice = Practice(billing, timezone=timezone)
    client = practice.insured()
    first = claim_of(practice, f"{TUESDAY} 00:00", client=client)
    last = claim_of(practice, f"{TUESDAY} 23:30", client=client)
    for starts in (f"{MONDAY} 23:59", f"{WEDNESDAY} 00:00"):
        claim_of(practice, starts, client=client)
    assert values(read(practice, first, last).same_day_lines, "claim_id", "other_claim_number") == [
        (first, f"C{last}V1"),
        (last, f"C{first}V1"),
    ]


def test_lines_of_other_claims_of_the_day_come_with_codes_and_units_but_not_of_another_level(
    practice: Practice,
) -> None:
    client = practice.insured()
    practice.policy(client, level="secondary")
    crisis = practice.service_type(procedure_code="90839", modifier_2="GT")
    claim = claim_of(practice, client=client)
    afternoon = practice.invoice(
        practice.appointment(
            f"{TUESDAY} 15:00",
            client=client,
            services=[{"service_type_id": crisis, "unit_count": 3}, practice.default_service_type],
        )
    )
    other = practice.claim(afternoon)
    practice.claim(afternoon, "secondary")
    assert values(
        read(practice, claim).same_day_lines,
        "other_claim_number",
        "procedure_code",
        "modifier_1",
        "modifier_2",
        "unit_count",
    ) == [(f"C{other}V1", "90839", None, "GT", 3), (f"C{other}V1", "90837", None, None, 1)]


def test_another_live_claim_of_the_appointment_is_one_whose_invoice_was_voided(practice: Practice) -> None:
    appointment = practice.appointment()
    old = practice.claim(practice.invoice(appointment))
    change(practice, "UPDATE billing.invoice SET invoice_status = 'void'")
    new = practice.claim(practice.invoice(appointment))
    assert facts(practice, new, "other_claim_number") == (f"C{old}V1",)
    assert facts(practice, old, "other_claim_number") == (None,)
    change(
        practice, "UPDATE billing.claim SET claim_status = 'rejected', submitted_at = now() WHERE claim_id = %s", old
    )
    assert facts(practice, new, "other_claim_number") == (None,)
