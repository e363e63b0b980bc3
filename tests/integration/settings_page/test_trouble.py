"""When something is wrong behind the page: it says what, in words, and nothing that could be a patient's."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from automation_settings.app import build_app
from automation_settings.visitors import Host
from include.settings.history import SOFTWARE
from tests.support.settings_page import open_page

ROOT = Path(__file__).resolve().parents[3]


@contextmanager
def _no_database() -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect("host=/nowhere dbname=billing") as connection:
        yield connection


@contextmanager
def _talkative() -> Iterator[psycopg.Connection[Any]]:
    connection: Any = _Talkative()
    yield connection


class _Talkative:
    def execute(self, *_: object) -> None:
        raise RuntimeError("row of Lastqxz")


def test_a_database_that_is_down_is_said_to_be_down_also_to_a_form() -> None:
    client = open_page("", connect=_no_database)
    answer = client.get("/")
    assert answer.status_code == 503 and "The billing database does not answer" in answer.text
    form = client.post("/organizations/1/rules/invoice_creation/save", data={}, headers={"HX-Request": "true"})
    assert form.status_code == 503 and form.headers["HX-Retarget"] == "#message", "what is typed stays where it is"


def test_an_error_that_nobody_foresaw_is_logged_by_kind_and_place_only(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        answer = open_page("", connect=_talkative).get("/")
    assert answer.status_code == 500 and "qxz" not in answer.text
    assert "RuntimeError at " in caplog.text and "qxz" not in caplog.text


def test_an_app_that_nobody_told_how_to_identify_lets_nobody_in() -> None:
    from starlette.testclient import TestClient

    from automation_settings.dependencies import identify_visitor

    app = build_app(Host(lambda: None, _no_database, "secret"))
    del app.dependency_overrides[identify_visitor]
    assert TestClient(app).get("/static/page.js").status_code == 401


def test_what_the_software_calls_itself_is_one_list() -> None:
    """The index that finds history by organization works only for the very same names."""
    assert len(SOFTWARE) == 3
    for file in ("include/settings/read_history.sql", "include/migrations/0012_settings_page.sql"):
        text = (ROOT / file).read_text(encoding="utf-8")
        named = text.partition("changed_by NOT IN (")[2].partition(")")[0]
        assert {name.strip().strip("'") for name in named.split(",")} == SOFTWARE, file
