"""The border to Airflow: of an unforeseen error it says the kind and the place in the step, not below it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include import airflow_support, database
from include.clearinghouse.drop_box import DropBoxFault, FaultCode
from include.errors import error_place

ROOT = Path(airflow_support.__file__).resolve().parents[1]


def function_in(file: Path, text: str) -> Callable[..., Any]:
    """The function `work` of `text`, as if it stood in `file`."""
    names: dict[str, Any] = {}
    exec(compile(text, str(file), "exec"), names)
    work: Callable[..., Any] = names["work"]
    return work


class Broken:
    """A connection on which every statement fails."""

    def execute(self, *_: object) -> None:
        raise KeyError("a row")


def place_of(work: Callable[..., Any], *arguments: object) -> str:
    with pytest.raises(KeyError) as fault:
        work(*arguments)
    assert isinstance(fault.value, KeyError)
    return error_place(fault.value)


STEP = ROOT / "include" / "invoice_creation" / "steps.py"


def test_a_failing_statement_is_placed_in_the_step_that_ran_it_not_where_every_statement_runs() -> None:
    step = function_in(STEP, "def work(execute, *arguments):\n\n    execute(*arguments)\n")
    arguments = (database.execute, Broken(), "nightly_run/read_rules.sql", {})
    assert place_of(step, *arguments) == "steps.py:3"


def test_a_package_installed_inside_our_folder_is_not_ours() -> None:
    package = function_in(ROOT / ".venv" / "lib" / "cursor.py", "def work():\n    raise KeyError('a row')\n")
    step = function_in(STEP, "def work(call):\n    call()\n")
    assert place_of(step, package) == "steps.py:2"


def test_the_innermost_place_of_ours_counts() -> None:
    inner = function_in(ROOT / "include" / "claim_records" / "read.py", "def work():\n    raise KeyError('a row')\n")
    step = function_in(STEP, "def work(call):\n    call()\n")
    assert place_of(step, inner) == "read.py:2"


def test_an_error_of_nobody_of_ours_is_placed_where_it_was_called_from() -> None:
    assert place_of(Broken().execute).startswith("test_border.py:")


@pytest.mark.parametrize(("code", "fails_at_once"), [("login_refused", True), ("connection_lost", False)])
def test_a_refusal_of_the_receiver_is_not_tried_again_and_a_lost_connection_is(
    monkeypatch: pytest.MonkeyPatch, code: FaultCode, fails_at_once: bool
) -> None:
    monkeypatch.setattr(airflow_support, "open_connection", lambda connection_id: nullcontext(Broken()))
    with pytest.raises(Exception, match="told in plain words") as fault, airflow_support.billing_step():
        raise DropBoxFault(code, "told in plain words")
    assert isinstance(fault.value, AirflowFailException) is fails_at_once
