"""What the history says: each kind of change in words a biller knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from include.settings import history
from include.settings.history import describe_change

OFF = {"is_enabled": False, "enabled_on": None, "includes_earlier": False, "paused_until": None}
ON = OFF | {"is_enabled": True, "enabled_on": "2026-11-02"}


def _setting(old: dict[str, Any] | None, new: dict[str, Any]) -> str:
    detail = {"automation": "claims_submission", "old": old, "new": new}
    return describe_change("automation_setting", 7, "update", detail)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (None, ON, "Claims Submission enabled from 2026-11-02"),
        (OFF, ON | {"includes_earlier": True}, "Claims Submission enabled from 2026-11-02, with what waited before"),
        (ON, OFF, "Claims Submission disabled"),
        (ON, ON | {"paused_until": "2026-12-01"}, "Claims Submission paused until 2026-12-01"),
        (ON | {"paused_until": "2026-12-01"}, ON, "Claims Submission resumed"),
        (ON | {"paused_until": "2026-12-01"}, OFF, "Claims Submission disabled and resumed"),
        (ON, ON | {"includes_earlier": True}, "Claims Submission takes what waited before, too"),
        (ON, ON, "Claims Submission saved without a change"),
    ],
)
def test_a_setting_says_what_was_switched(old: dict[str, Any] | None, new: dict[str, Any], words: str) -> None:
    assert _setting(old, new) == words


@pytest.mark.parametrize(
    ("subject", "action", "detail", "words"),
    [
        ("claims_submission", "held", {"until": "2026-11-09"}, "Claim 5: held until 2026-11-09"),
        ("invoice_processing", "released", {"in_spite_of_rules": True}, "Invoice 5: released in spite of the rules"),
        ("claim", "moved back", {"reason": "wrong insurer"}, "Claim 5: moved back – wrong insurer"),
        ("invoice", "created by hand", {}, "Invoice 5: created by hand"),
        ("claim", "error overridden", {"edit_code": "NPI02"}, "Claim 5: error overridden (NPI02)"),
        (
            "organization_access",
            "granted",
            {"kind": "role", "name": "user"},
            "Role user may see this organization",
        ),
        (
            "organization_access",
            "revoked",
            {"kind": "user", "name": "kim"},
            "User kim may no longer see this organization",
        ),
        (
            "edit_severity",
            "added",
            {"new": {"edit_code": "AUT01", "severity": "warning", "reason": "not asked for here"}},
            "Edit AUT01: warning – not asked for here",
        ),
        (
            "edit_severity",
            "removed",
            {"old": {"edit_code": "AUT01", "severity": "off"}, "new": None},
            "Edit AUT01: back to its default",
        ),
        ("receiver_route", "changed", {}, "Receiver route 5: changed"),
    ],
)
def test_a_change_of_one_item_says_what_was_done(subject: str, action: str, detail: dict[str, Any], words: str) -> None:
    assert describe_change(subject, 5, action, detail) == words


def _row(history_id: int, subject: str, action: str, detail: dict[str, Any]) -> history._Row:
    at = datetime(2026, 11, 24, 16, tzinfo=UTC)
    return history._Row(history_id, subject, 12, action, detail, "kim", at)


def _rule(position: int = 1, deleted_at: str | None = None) -> dict[str, Any]:
    return {"automation": "invoice_processing", "position": position, "deleted_at": deleted_at}


def _condition(number: int, field: str, *values: str) -> dict[str, Any]:
    return {
        "automation": "invoice_processing",
        "condition_number": number,
        "field": field,
        "match_values": list(values),
    }


def test_a_rule_and_its_conditions_are_one_change() -> None:
    rows = [
        _row(3, "exclusion_condition", "insert", {"new": _condition(2, "weekday", "1", "7"), "old": None}),
        _row(2, "exclusion_condition", "insert", {"new": _condition(1, "client_pays_by", "self_pay"), "old": None}),
        _row(1, "exclusion_rule", "insert", {"new": _rule(), "old": None}),
    ]
    assert history._describe_together(rows) == [
        "Invoice Processing rule 12 added",
        "When Client pays by Equals Self-pay",
        "When Weekday Equals Monday, Sunday",
    ]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (_rule(), _rule(deleted_at="2026-11-24T16:00:00Z"), "deleted"),
        (_rule(deleted_at="2026-11-24T16:00:00Z"), _rule(), "brought back"),
        (_rule(3), _rule(1), "moved from place 3 to 1"),
        (_rule(), _rule(), "changed"),
    ],
)
def test_a_rule_says_what_became_of_it(old: dict[str, Any], new: dict[str, Any], words: str) -> None:
    rows = [_row(1, "exclusion_rule", "update", {"old": old, "new": new})]
    assert history._describe_together(rows) == [f"Invoice Processing rule 12 {words}"]


def test_a_condition_that_went_is_named() -> None:
    rows = [
        _row(1, "exclusion_condition", "delete", {"old": _condition(2, "weekday", "1"), "new": None}),
        _row(2, "exclusion_rule", "update", {"old": _rule(), "new": _rule()}),
    ]
    assert history._describe_together(rows) == [
        "Invoice Processing rule 12 changed",
        "no longer when Weekday Equals Monday",
    ]
