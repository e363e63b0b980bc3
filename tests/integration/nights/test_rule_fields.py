"""Exclusion rules over PostgreSQL: each field is extracted and compared as documented, and hits nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from exclusion_rules import offered_fields
from include.development import environment
from tests.integration.nights.rule_cases import CASES, NIGHT, Case, Expected
from tests.support.nights import BATCH_STEPS, open_night
from tests.support.practice import AUTOMATIONS, Connection, Practice


@dataclass(frozen=True)
class Applied:
    """One case in a practice with the rule, and again in one without; the rule by which each item is excluded."""

    expected: Expected
    twin: Expected
    rule_id: int
    rule_of_item: dict[int, int]


@pytest.fixture(scope="module")
def applied(module_url: str) -> Iterator[dict[str, Applied]]:
    """Every case, all practices of an automation in one batch of one run."""
    cases: dict[str, tuple[Expected, Expected, int]] = {}
    with (
        psycopg.connect(module_url) as billing,
        psycopg.connect(environment.pipeline_url(module_url), autocommit=True) as pipeline,
    ):
        for number, each in enumerate(CASES, start=1):
            # The twin has the same items; only its neighbour has the rule.
            twin = each.build(Practice(billing, 2 * number), each.automation)
            practice = Practice(billing, 2 * number + 1)
            expected = each.build(practice, each.automation)
            rule_id = practice.rule(each.automation, (each.field, expected.values), *expected.also)
            cases[each.name] = expected, twin, rule_id
        billing.commit()
        rule_of_item = {automation: _apply(pipeline, automation) for automation in AUTOMATIONS}
    yield {each.name: Applied(*cases[each.name], rule_of_item[each.automation]) for each in CASES}


def _apply(pipeline: Connection, automation: str) -> dict[int, int]:
    """Freeze the candidates of the night and apply the rules; return the rule of each excluded item."""
    select, apply = BATCH_STEPS[automation][:2]
    attempt, batches = open_night(pipeline, automation, "America/Denver", NIGHT)
    assert len(batches) == 1
    select(pipeline, attempt, batches[0])
    undecided = pipeline.execute(
        "SELECT count(*) FROM billing.candidate WHERE attempt_id = %s AND reason IS NOT NULL", (attempt.attempt_id,)
    ).fetchone()
    assert undecided == (0,), "an item stays for another reason and so tests no rule"
    apply(pipeline, attempt, batches[0])
    rows = pipeline.execute(
        "SELECT item_id, rule_id FROM billing.candidate WHERE attempt_id = %s AND reason = 'excluded'",
        (attempt.attempt_id,),
    )
    return dict(rows.fetchall())


def test_the_cases_cover_every_field_of_every_automation() -> None:
    covered = {(each.automation, each.field) for each in CASES}
    offered = {(automation, field.code) for automation in AUTOMATIONS for field in offered_fields(automation)}
    assert covered == offered
    assert len(offered) == 26 + 3 * 3
    assert len({each.name for each in CASES}) == len(CASES)


def test_every_field_has_an_item_that_is_hit_and_one_that_is_not(applied: dict[str, Applied]) -> None:
    for automation, field in {(each.automation, each.field) for each in CASES}:
        of_field = [
            applied[each.name].expected for each in CASES if (each.automation, each.field) == (automation, field)
        ]
        assert any(one.excluded for one in of_field), (automation, field)
        assert any(one.left for one in of_field), (automation, field)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_excludes_what_it_names_and_nothing_else(case: Case, applied: dict[str, Applied]) -> None:
    one = applied[case.name]
    items = {**one.expected.excluded, **one.expected.left}
    assert len(items) == len(one.expected.excluded) + len(one.expected.left), "two items of a case have one name"
    excluded = {name for name, item in items.items() if item in one.rule_of_item}
    assert excluded == set(one.expected.excluded)
    assert {one.rule_of_item[items[name]] for name in excluded} <= {one.rule_id}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rule_says_nothing_about_another_organization(case: Case, applied: dict[str, Applied]) -> None:
    twin = applied[case.name].twin
    items = {**twin.excluded, **twin.left}
    assert items
    assert not {name for name, item in items.items() if item in applied[case.name].rule_of_item}
