"""What `make test-guards` takes for noticed, and what not."""

from __future__ import annotations

import pytest

from tests.faults.guards import GUARDS, Guard, Outcome, judge, taken_away

_GUARD = Guard("a guard", ("tests/a.py::test_one", "tests/a.py::test_other[x]"), statement="SELECT 1")
_ONE = ("test_one", "failure: AssertionError: assert 2 == 1", True)
_OTHER = ("test_other[x]", "failure: Failed: DID NOT RAISE <class 'Exception'>", True)
_LOST = ("test_other[x]", "error: OperationalError: connection refused", False)


@pytest.mark.parametrize(
    ("not_passed", "wrong"),
    [
        ((_ONE, _OTHER), []),
        ((_ONE,), ["test_other[x] stays green"]),
        ((), ["test_one stays green", "test_other[x] stays green"]),
        ((_ONE, _LOST), ["test_other[x]: error: OperationalError: connection refused"]),
        ((("pytest", "no such test", False),), ["pytest: no such test"]),
    ],
)
def test_a_guard_is_watched_when_an_assertion_fails_in_each_of_its_tests(
    not_passed: tuple[tuple[str, str, bool], ...], wrong: list[str]
) -> None:
    assert judge(_GUARD, Outcome(2, not_passed)) == wrong


def test_no_guard_is_taken_away_unless_somebody_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLING_TEST_WITHOUT_GUARD", raising=False)
    assert taken_away() is None
    monkeypatch.setenv("BILLING_TEST_WITHOUT_GUARD", GUARDS[0].name)
    assert taken_away() is GUARDS[0]
    monkeypatch.setenv("BILLING_TEST_WITHOUT_GUARD", "a guard that does not exist")
    with pytest.raises(ValueError, match="not enough values"):
        taken_away()


def test_guards_have_names_of_their_own_and_a_way_to_be_taken_away() -> None:
    assert len({guard.name for guard in GUARDS}) == len(GUARDS) > 8
    assert all((guard.statement is None) != (guard.patch is None) and guard.watched_by for guard in GUARDS)
