"""How well edits work: what they found, what became of it, and what insurers rejected all the same."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.integration.nights.scrub_cases import (
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Nights,
    correct,
    one,
    override,
    refused,
    rows,
    without_coverage,
)
from tests.support.practice import Connection, Practice

COUNTS = ("fired", "fixed", "overridden", "open", "sent", "rejected", "missed")


@pytest.fixture
def practice(billing: Connection, monkeypatch: pytest.MonkeyPatch) -> Practice:
    """A practice, and a catalogue that knows what insurers answer to claims without coverage."""
    monkeypatch.setattr(
        "include.claim_records.scrub._publish_catalogue",
        lambda connection: connection.execute(
            "INSERT INTO billing.edit VALUES"
            " ('COV01', 1, 'line', 'error', 'not active', 'Client', true, '{A3:88,A7:562:82}')"
            " ON CONFLICT DO NOTHING"
        ),
    )
    return Practice(billing)


def mend(practice: Practice, claim: int) -> None:
    practice.connection.execute(
        "UPDATE practice.policy y SET ends_on = NULL FROM billing.claim k"
        " WHERE k.client_id = y.client_id AND k.claim_id = %s",
        (claim,),
    )


def reject(practice: Practice, claim: int, *codes: str, version: int = 1) -> Any:
    marks = ", ".join(["%s"] * (len(codes) + 1))
    return one(
        practice.connection,
        f"SELECT billing.record_rejection({marks})",
        f"C{claim}V{version}",
        *codes,
    )[0]


def effect(practice: Practice, severity: str = "error", edit_code: str = "COV01") -> dict[str, int]:
    """The counts of the edit at a severity that are not zero."""
    columns = ", ".join(f"{count}_claim_count" for count in COUNTS)
    found = rows(
        practice.connection,
        f"SELECT {columns} FROM reporting.edit_effectiveness WHERE (edit_code, severity) = (%s, %s)",  # noqa: S608
        edit_code,
        severity,
    )
    return {name: count for name, count in zip(COUNTS, *found, strict=True) if count} if found else {}


# What became of it


def test_a_claim_counts_as_open_then_fixed_or_overridden_and_sent(practice: Practice, nights: Nights) -> None:
    fixed, overridden, still = (without_coverage(practice) for _ in range(3))
    practice.claim()
    nights.submit(MONDAY)
    assert effect(practice) == {"fired": 3, "open": 3}
    override(practice, overridden)
    assert effect(practice) == {"fired": 3, "open": 2, "overridden": 1}
    mend(practice, fixed)
    nights.submit(TUESDAY)
    assert effect(practice) == {"fired": 3, "fixed": 1, "open": 1, "overridden": 1, "sent": 1}
    practice.connection.execute("SELECT billing.move_back_claim(%s, 'another insurer')", (still,))
    assert effect(practice) == {"fired": 3, "fixed": 1, "overridden": 1, "sent": 1}


def test_what_was_corrected_after_the_claim_went_out_with_it_is_not_fixed(practice: Practice, nights: Nights) -> None:
    practice.connection.execute("INSERT INTO billing.edit_severity (edit_code, severity) VALUES ('COV01', 'warning')")
    late, in_time = without_coverage(practice), without_coverage(practice)
    practice.connection.execute("SELECT billing.hold_item('claims_submission', %s, 'wait')", (in_time,))
    nights.submit(MONDAY)
    assert effect(practice, "warning") == {"fired": 1, "sent": 1}
    correct(practice, late, MONDAY)
    mend(practice, late)
    nights.submit(TUESDAY)
    assert effect(practice, "warning") == {"fired": 1, "sent": 1}
    assert one(practice.connection, "SELECT resolution FROM billing.finding") == ("fixed",)


def test_what_was_switched_off_is_not_fixed(practice: Practice, nights: Nights) -> None:
    without_coverage(practice)
    nights.submit(MONDAY)
    practice.connection.execute("SELECT billing.set_edit_severity(NULL, NULL, 'COV01', 'off', 'why')")
    nights.submit(TUESDAY)
    assert effect(practice) == {"fired": 1}


def test_the_nights_to_fix_are_the_median_over_what_was_fixed(practice: Practice, nights: Nights) -> None:
    median = "SELECT median_nights_to_fix FROM reporting.edit_effectiveness WHERE edit_code = 'COV01'"
    claims = [without_coverage(practice) for _ in range(4)]
    nights.submit(MONDAY)
    assert rows(practice.connection, median) == [(None,)]
    for claim, night in zip(claims, (TUESDAY, WEDNESDAY, THURSDAY), strict=False):
        mend(practice, claim)
        nights.submit(night)
    assert rows(practice.connection, median) == [(2.0,)]


def test_an_edit_has_a_row_before_it_ever_found_anything(practice: Practice, nights: Nights) -> None:
    practice.claim()
    nights.submit(MONDAY)
    assert rows(
        practice.connection,
        "SELECT edit_code, severity, default_severity, is_overridable, fired_claim_count"
        " FROM reporting.edit_effectiveness",
    ) == [("COV01", "error", "error", True, 0)]


# What insurers rejected all the same


@pytest.mark.parametrize(
    ("codes", "is_missed"),
    [
        (("A3", "88"), True),
        (("A3", "88", "40"), True),
        (("A7", "88"), False),
        (("A3", "89"), False),
        (("A7", "562", "82"), True),
        (("A7", "562", "85"), False),
        (("A7", "562"), False),
    ],
)
def test_a_claim_is_missed_when_it_passed_and_was_rejected_for_what_the_edit_looks_for(
    practice: Practice, nights: Nights, codes: tuple[str, ...], is_missed: bool
) -> None:
    claim = practice.claim()
    nights.submit(MONDAY)
    reject(practice, claim, *codes)
    assert effect(practice) == ({"missed": 1} if is_missed else {})


def test_a_claim_that_went_out_with_the_warning_was_not_missed(practice: Practice, nights: Nights) -> None:
    practice.connection.execute("INSERT INTO billing.edit_severity (edit_code, severity) VALUES ('COV01', 'warning')")
    warned, clean = without_coverage(practice), practice.claim()
    nights.submit(MONDAY)
    reject(practice, warned, "A3", "88")
    reject(practice, clean, "A3", "88")
    assert effect(practice, "warning") == {"fired": 1, "sent": 1, "rejected": 1}
    # Once in all, at the default severity.
    assert effect(practice) == {"missed": 1}


def test_what_is_found_on_a_later_version_was_missed_on_the_one_before(practice: Practice, nights: Nights) -> None:
    claim = practice.claim()
    nights.submit(MONDAY)
    reject(practice, claim, "A3", "88")
    correct(practice, claim, MONDAY)
    practice.connection.execute("UPDATE practice.policy SET ends_on = '2026-03-02'")
    nights.submit(TUESDAY)
    assert effect(practice) == {"fired": 1, "open": 1, "missed": 1}


def test_a_claim_that_was_fixed_and_rejected_all_the_same_was_missed(practice: Practice, nights: Nights) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    mend(practice, claim)
    nights.submit(TUESDAY)
    reject(practice, claim, "A3", "88")
    assert effect(practice) == {"fired": 1, "fixed": 1, "missed": 1}


def test_a_rejection_counts_for_the_version_it_is_about(practice: Practice, nights: Nights) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    override(practice, claim)
    nights.submit(TUESDAY)
    correct(practice, claim, TUESDAY)
    mend(practice, claim)
    nights.submit(WEDNESDAY)
    reject(practice, claim, "A3", "88", version=2)
    assert effect(practice) == {"fired": 1, "overridden": 1, "sent": 1, "missed": 1}
    reject(practice, claim, "A3", "88", version=1)
    assert effect(practice) == {"fired": 1, "overridden": 1, "sent": 1, "missed": 1, "rejected": 1}


# Rejections by hand


def test_a_rejection_is_of_a_claim_as_it_was_sent_and_recorded_once(practice: Practice, nights: Nights) -> None:
    claim, waiting = practice.claim(), without_coverage(practice)
    nights.submit(MONDAY)
    practice.connection.execute("SELECT set_config('billing.actor', 'anna', false)")
    practice.connection.execute("DELETE FROM billing.history")
    for _ in range(2):
        made = reject(practice, claim, "A3", "88")
    other = reject(practice, claim, "A3", "88", "40")
    assert rows(
        practice.connection,
        "SELECT claim_rejection_id, organization_id, claim_id, version, source, category_code, status_code,"
        "   entity_code, received_on = billing.local_today(1), recorded_by FROM billing.claim_rejection ORDER BY 1",
    ) == [
        (made, 1, claim, 1, "by_hand", "A3", "88", None, True, "anna"),
        (other, 1, claim, 1, "by_hand", "A3", "88", "40", True, "anna"),
    ]
    assert rows(
        practice.connection, "SELECT subject_id, action, detail ->> 'code' FROM billing.history ORDER BY history_id"
    ) == [(claim, "rejection recorded", "A3:88"), (claim, "rejection recorded", "A3:88:40")]
    assert one(practice.connection, "SELECT claim_status FROM billing.claim WHERE claim_id = %s", claim) == (
        "submitted",
    )
    for number in (f"C{waiting}V1", f"C{claim}V2", "C999999V1", "garbage", None):
        with refused("no claim was sent under the number"):
            practice.connection.execute("SELECT billing.record_rejection(%s, 'A3', '88')", (number,))
    for codes in (("a3", "88", None), ("A3", "", None), (None, "88", None), ("A3", "88", "Robin Example")):
        with refused("a category code and a status code"):
            practice.connection.execute("SELECT billing.record_rejection(%s, %s, %s, %s)", (f"C{claim}V1", *codes))
    with refused("comes from 277CA, 999, 835 or by_hand"):
        practice.connection.execute(
            "SELECT billing.record_rejection(%s, 'A3', '88', said_by => 'phone')", (f"C{claim}V1",)
        )
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        practice.connection.execute(
            "INSERT INTO billing.claim_rejection (organization_id, claim_id, version, source, category_code,"
            "   status_code, received_on) VALUES (1, %s, 1, '277CA', 'A3', '88', '2026-03-10')",
            (waiting,),
        )
