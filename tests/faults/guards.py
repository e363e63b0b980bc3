"""`python -m tests.faults.guards`: takes each guard of the delivery away in turn and requires its tests to turn red.

A test that stays green without its guard watches nothing. A red test counts only when an assertion fails: one that
cannot connect, or that meets an error, says nothing about the guard. The database is that of the tests (conftest.py);
the tests find the guard's name in BILLING_TEST_WITHOUT_GUARD.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import pytest

VARIABLE: Final = "BILLING_TEST_WITHOUT_GUARD"

_ROOT: Final = Path(__file__).resolve().parents[2]
_STATES: Final = "tests/faults/test_delivery_states.py::"
_REFUSALS: Final = "tests/faults/test_outbox_refusals.py::"
_FAULTS: Final = "tests/faults/test_delivery_faults.py::"
#: How an assertion fails, in the words of pytest.
_ASSERTION: Final = re.compile(r"AssertionError|Failed: DID NOT RAISE|assert ")


@dataclass(frozen=True)
class Guard:
    """What keeps a claim from being lost or doubled, how it is taken away, and the tests that must notice."""

    name: str
    watched_by: tuple[str, ...]
    #: Run as the owner in the template that all test databases are copies of.
    statement: str | None = None
    patch: Callable[[pytest.MonkeyPatch], None] | None = None


def _without(path: str, condition: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A SQL file without one of its conditions."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        from include import database

        read = database.sql

        def weakened(asked: str) -> str:
            text = read(asked)
            if asked != path:
                return text
            assert condition in text, f"{path} has no condition {condition}"
            return text.replace(condition, "")

        monkeypatch.setattr(database, "sql", weakened)

    return patch


def _place_over_other_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rename as the extension posix-rename does, and as a local rename does."""
    import paramiko

    from include.clearinghouse import directory_drop_box, sftp_drop_box

    monkeypatch.setattr(sftp_drop_box, "_exists", lambda client, path: False)
    monkeypatch.setattr(paramiko.SFTPClient, "rename", paramiko.SFTPClient.posix_rename)
    monkeypatch.setattr(directory_drop_box, "rename_to_free_name", os.replace)


def _retry_without_cancelling(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not found was not placed: so it seems."""
    from include.outbox import delivery

    find_out = delivery.find_out

    class Believing:
        def __init__(self, box: Any) -> None:
            self._box = box

        def __getattr__(self, name: str) -> Any:
            return getattr(self._box, name)

        def cancel(self, file_name: str, attempt_count: int) -> bool:
            return True

    monkeypatch.setattr(
        delivery, "find_out", lambda sender, file, box, after=None: find_out(sender, file, Believing(box), after)
    )


def _place_unannounced(monkeypatch: pytest.MonkeyPatch) -> None:
    from include.outbox import delivery

    monkeypatch.setattr(delivery, "_begin_placing", lambda sender, interchange_id, attempt_count: True)


def _leave_older_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    from include.clearinghouse.sftp_drop_box import SftpDropBox

    monkeypatch.setattr(SftpDropBox, "_remove_leftovers", lambda self, client, file_name, attempt_count: None)


GUARDS: Final = (
    Guard(
        "unique (receiver_code, control_number)",
        (f"{_REFUSALS}test_a_number_and_a_name_are_given_once_per_receiver[control_number]",),
        statement="ALTER TABLE billing.interchange DROP CONSTRAINT interchange_receiver_code_control_number_key",
    ),
    Guard(
        "unique (receiver_code, file_name)",
        (f"{_REFUSALS}test_a_number_and_a_name_are_given_once_per_receiver[file_name]",),
        statement="ALTER TABLE billing.interchange DROP CONSTRAINT interchange_receiver_code_file_name_key",
    ),
    Guard(
        "primary key of claim_submission",
        (f"{_REFUSALS}test_a_claim_version_is_in_one_file",),
        statement="ALTER TABLE billing.claim_submission DROP CONSTRAINT claim_submission_pkey CASCADE",
    ),
    Guard(
        "trigger check_interchange_change",
        (
            f"{_REFUSALS}test_a_file_in_the_outbox_never_changes[body]",
            f"{_REFUSALS}test_attempts_are_never_uncounted",
            f"{_REFUSALS}test_a_state_becomes_only_what_it_may[rejected-built]",
        ),
        statement="DROP TRIGGER check_interchange_change ON billing.interchange",
    ),
    Guard(
        "unique (receiver_code, sha256) of inbox_file",
        (f"{_REFUSALS}test_the_same_answer_file_is_kept_once_per_receiver",),
        statement="ALTER TABLE billing.inbox_file DROP CONSTRAINT inbox_file_receiver_code_sha256_key",
    ),
    Guard(
        "attempt_count in begin_delivery",
        (f"{_STATES}test_of_two_workers_that_saw_the_same_attempt_only_one_begins_the_next",),
        patch=_without("outbox/begin_delivery.sql", " AND x.attempt_count = %(attempt_count)s"),
    ),
    Guard(
        "attempt_count in begin_placing",
        (
            f"{_STATES}test_a_worker_that_is_overtaken_while_it_uploads_does_not_place[before upload]",
            f"{_STATES}test_a_worker_that_is_overtaken_while_it_uploads_does_not_place[after upload]",
        ),
        patch=_without("outbox/begin_placing.sql", " AND x.attempt_count = %(attempt_count)s"),
    ),
    Guard(
        "attempt_count in end_attempt",
        (f"{_STATES}test_an_older_attempt_that_fails_does_not_end_the_newer",),
        patch=_without("outbox/end_attempt.sql", " AND x.attempt_count = %(attempt_count)s"),
    ),
    Guard(
        "placing announced before it is done",
        (
            f"{_STATES}test_killed_at_any_moment_a_file_arrives_once_by_the_next_attempt_or_is_unknown"
            "[9-collected at once-under a temporary name]",
            f"{_FAULTS}test_killed_when_it_has_placed_and_not_recorded_a_file_that_was_collected_is_not_sent_again",
        ),
        patch=_place_unannounced,
    ),
    Guard(
        "cancelling before a retry",
        (
            f"{_STATES}test_killed_at_any_moment_a_file_arrives_once_by_the_next_attempt_or_is_unknown"
            "[9-collected at once-under a temporary name]",
            f"{_FAULTS}test_killed_when_it_has_placed_and_not_recorded_a_file_that_was_collected_is_not_sent_again",
        ),
        patch=_retry_without_cancelling,
    ),
    Guard(
        "rename that refuses an existing name",
        (
            f"{_FAULTS}test_other_bytes_under_the_name_are_never_replaced[suffix]",
            f"{_FAULTS}test_other_bytes_under_the_name_are_never_replaced[directory]",
            f"{_FAULTS}test_other_bytes_under_the_name_are_never_replaced_on_our_own_disk",
        ),
        patch=_place_over_other_files,
    ),
    Guard(
        "older attempts removed by a newer one",
        (f"{_FAULTS}test_an_attempt_that_a_person_gave_up_cannot_place_any_more",),
        patch=_leave_older_attempts,
    ),
)


def taken_away() -> Guard | None:
    """The guard without which these tests run."""
    name = os.environ.get(VARIABLE)
    if not name:
        return None
    [guard] = [guard for guard in GUARDS if guard.name == name]
    return guard


@dataclass(frozen=True)
class Outcome:
    """How many tests ran, and of those that did not pass what pytest says: (test, message, is an assertion)."""

    count: int
    not_passed: tuple[tuple[str, str, bool], ...]


def run(tests: Sequence[str], guard: Guard | None) -> Outcome:
    """Run the tests in a process of their own."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    if guard is not None:
        environment[VARIABLE] = guard.name
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]
        done = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1) or not report.exists():
            return Outcome(0, (("pytest", done.stdout[-2000:] + done.stderr[-2000:], False),))
        cases = ElementTree.parse(report).getroot().findall(".//testcase")
    not_passed = []
    for case in cases:
        for kind in ("failure", "error", "skipped"):
            for found in case.findall(kind):
                message = found.get("message") or ""
                is_assertion = kind == "failure" and _ASSERTION.match(message) is not None
                not_passed.append((str(case.get("name")), f"{kind}: {message[:300]}", is_assertion))
    return Outcome(len(cases), tuple(not_passed))


def judge(guard: Guard, outcome: Outcome) -> list[str]:
    """What is wrong: tests that did not notice, and those that are red for another reason."""
    wrong = [f"{test}: {message}" for test, message, is_assertion in outcome.not_passed if not is_assertion]
    noticed = {test for test, _, is_assertion in outcome.not_passed if is_assertion}
    asleep = [test for test in (one.split("::")[1] for one in guard.watched_by) if test not in noticed]
    return wrong or [f"{test} stays green" for test in asleep]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    started = time.monotonic()
    tests = sorted({test for guard in GUARDS for test in guard.watched_by})
    outcome = run(tests, None)
    if outcome.not_passed or outcome.count != len(tests):
        _say(f"with every guard in its place: {outcome.count} of {len(tests)} tests ran, not all passed")
        for test, message, _ in outcome.not_passed:
            _say(f"  {test}: {message}")
        return 1
    _say(f"{'with every guard in its place':<55}{outcome.count} tests pass")
    unnoticed = 0
    for guard in GUARDS:
        outcome = run(guard.watched_by, guard)
        wrong = judge(guard, outcome)
        unnoticed += bool(wrong)
        _say(f"{'without ' + guard.name:<55}{len(outcome.not_passed)} of {outcome.count} red")
        for line in wrong:
            _say(f"  {line}")
    _say(f"{len(GUARDS)} guards, {unnoticed} not watched, {time.monotonic() - started:.0f} s")
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
