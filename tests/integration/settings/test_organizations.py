"""Who sees which organization: what nobody was given, nobody sees."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from include.settings import access
from include.settings.organizations import list_organizations, read_organization
from tests.integration.settings.conftest import MakePractice
from tests.support.practice import Practice

Connection = psycopg.Connection[Any]
KIM = [("user", "kim"), ("role", "biller")]


@pytest.fixture
def two(make_practice: MakePractice, owner: Connection) -> tuple[Practice, Practice]:
    owner.execute("DELETE FROM billing.organization_access")
    return make_practice(), make_practice()


def _names(page: Connection, principals: list[tuple[str, str]], text: str = "") -> list[int]:
    return [one.organization_id for one in list_organizations(page, principals, text)[0]]


def test_without_a_grant_nobody_sees_anything(page: Connection, two: tuple[Practice, Practice]) -> None:
    assert _names(page, KIM) == []
    assert read_organization(page, KIM, two[0].organization_id) is None


@pytest.mark.parametrize(("kind", "name"), [("user", "kim"), ("role", "biller")])
def test_a_grant_to_a_user_or_to_a_role_shows_just_that_organization(
    page: Connection, owner: Connection, two: tuple[Practice, Practice], kind: str, name: str
) -> None:
    owner.execute("SELECT billing.grant_access(%s, %s, %s)", (kind, name, two[0].organization_id))
    assert _names(page, KIM) == [two[0].organization_id]
    found = read_organization(page, KIM, two[0].organization_id)
    assert found is not None and found.timezone == two[0].timezone and found.enabled_count == 0
    assert read_organization(page, KIM, two[1].organization_id) is None
    # The same name, of the other kind, is somebody else.
    other = {"user": "role", "role": "user"}[kind]
    assert _names(page, [(other, name)]) == []


def test_a_grant_without_an_organization_shows_every_one(
    page: Connection, owner: Connection, two: tuple[Practice, Practice]
) -> None:
    owner.execute("SELECT billing.grant_access('role', 'biller')")
    assert {one.organization_id for one in two} <= set(_names(page, KIM))
    assert _names(page, [("user", "kim")]) == []


def test_the_picker_finds_by_part_of_the_name_or_by_id_and_counts_what_it_does_not_show(
    page: Connection, owner: Connection, two: tuple[Practice, Practice]
) -> None:
    owner.execute("SELECT billing.grant_access('user', 'kim')")
    first = two[0].organization_id
    owner.execute("UPDATE practice.organization SET name = 'Ämber 50%% Café' WHERE organization_id = %s", (first,))
    assert _names(page, KIM, " 50% ca") == [first]
    assert first in _names(page, KIM, str(first))
    assert _names(page, KIM, "_mber") == []
    shown, total_count = list_organizations(page, KIM, limit=1)
    assert len(shown) == 1 and total_count >= 2


def test_an_id_that_no_column_holds_is_no_organization(page: Connection, two: tuple[Practice, Practice]) -> None:
    assert read_organization(page, KIM, 10**30) is None


def test_the_page_may_read_grants_and_not_make_them(page: Connection, two: tuple[Practice, Practice]) -> None:
    page.execute("SELECT FROM billing.organization_access")
    for statement in (
        "SELECT billing.grant_access('user', 'eve')",
        "SELECT billing.revoke_access('user', 'kim')",
        "INSERT INTO billing.organization_access (principal_kind, principal_name) VALUES ('user', 'eve')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            page.execute(statement.encode())


def test_the_command_grants_lists_and_takes_back(
    settings_owner_url: str,
    page: Connection,
    owner: Connection,
    two: tuple[Practice, Practice],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("BILLING_DATABASE_URL", settings_owner_url)
    organization = str(two[0].organization_id)
    assert access.main([]) == 0
    assert capsys.readouterr().out == "Nobody may see any organization.\n"
    assert access.main(["--login", "kim", "--organization", organization]) == 0
    assert access.main(["--login", "kim", "--organization", organization]) == 0
    assert f"user kim: {organization} Practice {organization} (by make access" in capsys.readouterr().out
    assert _names(page, KIM) == [two[0].organization_id]
    written = owner.execute(
        "SELECT action, detail FROM billing.history WHERE subject = 'organization_access' AND organization_id = %s",
        (two[0].organization_id,),
    ).fetchall()
    assert written == [("granted", {"kind": "user", "name": "kim"})], "a second grant is no change"
    # Exactly what was given can be taken back.
    assert access.main(["--login", "kim", "--revoke"]) == 2
    assert capsys.readouterr().err.startswith("user kim has no such access")
    assert access.main(["--login", "kim", "--organization", organization, "--revoke"]) == 0
    assert _names(page, KIM) == []
    assert access.main(["--role", "biller", "--organization", "999999"]) == 2
    assert capsys.readouterr().err == "there is no organization 999999\n"
    with pytest.raises(SystemExit):
        access.main(["--revoke"])
