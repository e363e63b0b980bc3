"""Exclusion rules on the settings page: what can be saved, who was faster, what is broken, what they may name."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest

from include.settings.errors import Refused, Stale
from include.settings.rule_changes import delete_rule, reorder_rules, restore_rule, save_rule
from include.settings.rules import Rule, describe_rule, read_rules
from include.settings.values import Value, list_values
from tests.integration.settings.conftest import MakePractice
from tests.support.practice import Practice

Connection = psycopg.Connection[Any]
CREATION, PROCESSING, SUBMISSION = "invoice_creation", "invoice_processing", "claims_submission"
MONDAY = [("weekday", ["1"])]
TUESDAY = [("weekday", ["2"])]
WEDNESDAY = [("weekday", ["3"])]


def _save(page: Connection, practice: Practice, conditions: Any, automation: str = CREATION) -> Rule:
    rule_id = save_rule(page, practice.organization_id, automation, None, None, conditions, "robin")
    return next(each for each in read_rules(page, practice.organization_id, automation) if each.rule_id == rule_id)


def _texts(page: Connection, practice: Practice, automation: str = CREATION) -> list[str]:
    return [describe_rule(rule) for rule in read_rules(page, practice.organization_id, automation)]


def test_a_rule_reads_as_a_sentence_with_the_names_of_the_practice(page: Connection, practice: Practice) -> None:
    insurer = practice.insurer(name="Quillfeather Mutual")
    client = practice.client(last_name="Nettlefold", first_name="Mabel")
    rule = _save(
        page,
        practice,
        [
            ("primary_insurer", [str(insurer), str(practice.default_insurer), str(insurer)]),
            ("client", [str(client)]),
            ("appointment_date_range", ["2026-11-02/..", "../2026-10-01", "2026-10-03/2026-10-04"]),
            ("appointment_date", ["2026-11-02"]),
            ("progress_note_signed", ["no"]),
        ],
    )
    assert rule.broken is None
    insurers = rule.conditions[0].values
    assert [(each.value, each.exists) for each in insurers] == [
        (str(insurer), True),
        (str(practice.default_insurer), True),
    ]
    assert describe_rule(rule) == (
        f"When Primary Insurer Equals Quillfeather Mutual, {insurers[1].label}"
        f" and Client Equals Nettlefold, Mabel ({client})"
        " and Appointment date range Equals from Nov 2, 2026, until Oct 1, 2026, Oct 3, 2026 to Oct 4, 2026"
        " and Appointment date Equals Nov 2, 2026 and Progress Note signed by provider Equals No"
    )


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        ([], "at least one condition"),
        ([("weekday", [])], "at least one value"),
        ([("weekday", ["8"])], "condition 1: Weekday: value 1"),
        ([("modifier", ["95"])], "not offered"),
        ([("no_such_field", ["1"])], "unknown field"),
        ([("appointment_date_range", ["2026-11-03/2026-11-02"])], "ends before it starts"),
        ([("appointment_date_range", ["../.."])], "needs a start or an end"),
        (MONDAY * 21, "at most 20 conditions"),
        ([("location", [str(number) for number in range(1, 502)])], "at most 500 values"),
        ([("location", ["9223372036854775807"])], "does not exist"),
        ([("location", ["99999999999999999999"])], "is not an id"),
    ],
)
def test_what_cannot_work_is_not_saved(page: Connection, practice: Practice, conditions: Any, why: str) -> None:
    with pytest.raises(Refused, match=why):
        _save(page, practice, conditions)
    assert read_rules(page, practice.organization_id, CREATION) == []


def test_an_automation_without_rules_takes_none(page: Connection, practice: Practice) -> None:
    for automation in ("era_processing", "nonsense"):
        with pytest.raises(Refused, match="no exclusion rules"):
            _save(page, practice, MONDAY, automation)
        assert read_rules(page, practice.organization_id, automation) == []


@pytest.mark.parametrize("made", ["insurer", "location", "client", "staff", "service_type"])
def test_a_value_of_another_organization_is_refused_by_its_number(
    page: Connection, make_practice: MakePractice, made: str
) -> None:
    practice, other = make_practice(), make_practice()
    field = {"insurer": "primary_insurer", "staff": "appointment_staff"}.get(made, made)
    own, foreign = getattr(practice, made)(), getattr(other, made)()
    with pytest.raises(Refused, match=rf": {foreign} does not exist") as caught:
        _save(page, practice, [(field, [str(own), str(foreign)])])
    assert str(own) not in str(caught.value)
    _save(page, practice, [(field, [str(own)])])


def test_a_rule_of_another_organization_or_automation_can_neither_be_read_nor_changed(
    page: Connection, make_practice: MakePractice
) -> None:
    practice, other = make_practice(), make_practice()
    rule = _save(page, practice, MONDAY)
    for organization_id, automation in ((other.organization_id, CREATION), (practice.organization_id, PROCESSING)):
        assert read_rules(page, organization_id, automation) == []
        with pytest.raises(Refused, match="there is no rule"):
            save_rule(page, organization_id, automation, rule.rule_id, rule.version, TUESDAY, "kim")
        with pytest.raises(Refused, match="there is no rule"):
            delete_rule(page, organization_id, automation, rule.rule_id, rule.version, "kim")
        with pytest.raises(Stale):
            reorder_rules(page, organization_id, automation, [rule.rule_id], [rule.rule_id], "kim")
    assert _texts(page, practice) == ["When Weekday Equals Monday"]


def test_changing_a_rule_counts_its_version_and_only_what_differs_is_history(
    page: Connection, practice: Practice, history: Callable[..., list[Any]]
) -> None:
    rule = _save(page, practice, [*MONDAY, ("progress_note_signed", ["no"])])
    before = len(history(practice, "exclusion_condition"))
    changed = [*MONDAY, ("progress_note_signed", ["yes"])]
    assert save_rule(page, practice.organization_id, CREATION, rule.rule_id, 1, changed, "kim") == rule.rule_id
    [(action, who, detail)] = history(practice, "exclusion_condition")[before:]
    assert (action, who) == ("update", "kim")
    assert (detail["old"]["match_values"], detail["new"]["match_values"]) == (["no"], ["yes"])
    [now] = read_rules(page, practice.organization_id, CREATION)
    assert now.version == 2
    save_rule(page, practice.organization_id, CREATION, rule.rule_id, 2, changed, "kim")
    assert read_rules(page, practice.organization_id, CREATION) == [now]
    save_rule(page, practice.organization_id, CREATION, rule.rule_id, 2, TUESDAY, "kim")
    assert _texts(page, practice) == ["When Weekday Equals Tuesday"]


def test_a_rule_that_somebody_changed_or_deleted_meanwhile_is_stale(page: Connection, practice: Practice) -> None:
    rule = _save(page, practice, MONDAY)
    save_rule(page, practice.organization_id, CREATION, rule.rule_id, 1, TUESDAY, "kim")
    with pytest.raises(Stale, match="This rule was changed by kim"):
        save_rule(page, practice.organization_id, CREATION, rule.rule_id, 1, WEDNESDAY, "robin")
    with pytest.raises(Stale, match="by kim"):
        delete_rule(page, practice.organization_id, CREATION, rule.rule_id, 1, "robin")
    assert _texts(page, practice) == ["When Weekday Equals Tuesday"]
    delete_rule(page, practice.organization_id, CREATION, rule.rule_id, 2, "kim")
    with pytest.raises(Stale, match="deleted"):
        save_rule(page, practice.organization_id, CREATION, rule.rule_id, 3, WEDNESDAY, "robin")


def test_of_two_who_change_one_rule_at_once_the_second_is_stale(
    page: Connection, open_page_connection: Callable[[], Connection], practice: Practice
) -> None:
    rule = _save(page, practice, MONDAY)
    told: list[str] = []

    def change() -> None:
        with open_page_connection() as second, pytest.raises(Stale) as caught:
            save_rule(second, practice.organization_id, CREATION, rule.rule_id, 1, WEDNESDAY, "kim")
        told.append(str(caught.value))

    with page.transaction():
        save_rule(page, practice.organization_id, CREATION, rule.rule_id, 1, TUESDAY, "robin")
        thread = threading.Thread(target=change)
        thread.start()
        waiting = "SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        for _ in range(20_000):
            page.execute("SELECT pg_stat_clear_snapshot()")
            if page.execute(waiting).fetchone():
                break
        else:
            raise AssertionError("nobody waited")
    thread.join()
    assert "by robin" in told[0]
    assert _texts(page, practice) == ["When Weekday Equals Tuesday"]


def test_a_deleted_rule_is_taken_back_to_its_place(page: Connection, practice: Practice) -> None:
    rules = [_save(page, practice, conditions) for conditions in (MONDAY, TUESDAY, WEDNESDAY)]
    version = delete_rule(page, practice.organization_id, CREATION, rules[1].rule_id, 1, "robin")
    assert _texts(page, practice) == ["When Weekday Equals Monday", "When Weekday Equals Wednesday"]
    with pytest.raises(Stale):
        restore_rule(page, practice.organization_id, CREATION, rules[1].rule_id, 1, "robin")
    restore_rule(page, practice.organization_id, CREATION, rules[1].rule_id, version, "robin")
    now = read_rules(page, practice.organization_id, CREATION)
    assert [each.rule_id for each in now] == [each.rule_id for each in rules]
    with pytest.raises(Stale):
        restore_rule(page, practice.organization_id, CREATION, rules[1].rule_id, now[1].version, "robin")


def test_a_new_rule_comes_last_and_the_order_can_be_changed(page: Connection, practice: Practice) -> None:
    first, second, third = (_save(page, practice, each).rule_id for each in (MONDAY, TUESDAY, WEDNESDAY))
    seen, wanted = [first, second, third], [third, first, second]
    reorder_rules(page, practice.organization_id, CREATION, seen, wanted, "robin")
    now = read_rules(page, practice.organization_id, CREATION)
    assert [each.rule_id for each in now] == wanted
    assert {each.version for each in now} == {1}, "whoever edits one at the moment may go on"
    with pytest.raises(Stale, match="The order of the rules was changed by robin"):
        reorder_rules(page, practice.organization_id, CREATION, seen, [second, first, third], "kim")
    with pytest.raises(Stale):
        reorder_rules(page, practice.organization_id, CREATION, wanted[:2], wanted[1::-1], "kim")
    with pytest.raises(Refused, match="each rule once"):
        reorder_rules(page, practice.organization_id, CREATION, wanted, [third, third, first], "kim")
    assert [each.rule_id for each in read_rules(page, practice.organization_id, CREATION)] == wanted


def test_a_rule_whose_only_insurer_is_gone_is_broken_and_one_with_another_left_is_not(
    page: Connection, owner: Connection, practice: Practice
) -> None:
    gone = practice.insurer(name="Gone Assurance")
    alone = _save(page, practice, [("primary_insurer", [str(gone)])])
    both = _save(page, practice, [("primary_insurer", [str(gone), str(practice.default_insurer)])])
    assert (alone.broken, both.broken) == (None, None)
    owner.execute("UPDATE practice.insurer SET deleted_on = %s WHERE insurer_id = %s", (date(2026, 1, 1), gone))
    alone, both = read_rules(page, practice.organization_id, CREATION)
    assert alone.broken == f"condition 1: Primary Insurer {gone} does not exist any more"
    assert alone.conditions[0].values == (Value(str(gone), "Gone Assurance", exists=False),)
    assert both.broken is None
    assert [each.exists for each in both.conditions[0].values] == [False, True]
    with pytest.raises(Refused, match=f"Primary Insurer: {gone} does not exist"):
        save_rule(page, practice.organization_id, CREATION, both.rule_id, 1, [("primary_insurer", [str(gone)])], "kim")


def test_values_are_the_practices_own_found_by_part_of_the_name_or_by_id(
    page: Connection, owner: Connection, make_practice: MakePractice
) -> None:
    practice, other = make_practice(), make_practice()
    aspen, willow = practice.insurer(name="Aspen 100% Health"), practice.insurer(name="Willow Trust")
    other.insurer(name="Aspen Foreign")
    owner.execute("UPDATE practice.insurer SET name = 'Zinc' WHERE insurer_id = %s", (practice.default_insurer,))

    def find(text: str, limit: int = 50, field: str = "primary_insurer") -> list[Value]:
        return list_values(page, practice.organization_id, CREATION, field, text, limit)

    assert [each.label for each in find("")] == ["Aspen 100% Health", "Willow Trust", "Zinc"]
    assert find("aSPEN") == [Value(str(aspen), "Aspen 100% Health")]
    assert find("100%") == [Value(str(aspen), "Aspen 100% Health")]
    assert find("1_0") == []
    assert find(str(willow)) == [Value(str(willow), "Willow Trust")]
    assert len(find("", 2)) == 2
    owner.execute("UPDATE practice.insurer SET deleted_on = '2026-01-01' WHERE insurer_id = %s", (willow,))
    assert find("willow") == []
    assert find("a\x00spen" * 100) == []


def test_two_of_one_name_carry_their_ids_and_clients_always_do(page: Connection, practice: Practice) -> None:
    one, two = practice.location(name="Annex"), practice.location(name="Annex")
    client = practice.client(last_name="Mossgate", first_name=None)
    found = list_values(page, practice.organization_id, CREATION, "location", "annex")
    assert [each.label for each in found] == [f"Annex ({one})", f"Annex ({two})"]
    found = list_values(page, practice.organization_id, CREATION, "client", "moss")
    assert found == [Value(str(client), f"Mossgate ({client})")]


def test_choices_are_listed_dates_are_typed_and_foreign_fields_refused(page: Connection, practice: Practice) -> None:
    def find(automation: str, field: str, text: str = "") -> list[str]:
        return [each.label for each in list_values(page, practice.organization_id, automation, field, text)]

    assert find(CREATION, "weekday", "tu") == ["Tuesday", "Saturday"]
    assert find(CREATION, "progress_note_signed") == ["Yes", "No"]
    assert find(CREATION, "appointment_date") == []
    for automation, field in ((CREATION, "modifier"), ("era_processing", "weekday"), (CREATION, "nonsense")):
        with pytest.raises(Refused, match="does not offer"):
            find(automation, field)


def test_codes_in_use_are_offered_and_a_typed_one_as_well(page: Connection, practice: Practice) -> None:
    practice.service_type(modifier_1="95", modifier_2="hj")
    practice.location(place_of_service_code="10")
    practice.claim(practice.invoice(practice.appointment(place_of_service_code="02")))

    def find(field: str, text: str = "") -> list[tuple[str, str]]:
        found = list_values(page, practice.organization_id, SUBMISSION, field, text)
        return [(each.value, each.label) for each in found]

    assert find("modifier") == [("95", "95")]
    assert find("modifier", "g") == []
    assert find("modifier", "gt") == [("GT", "GT (not in use here)")]
    assert find("modifier", "95") == [("95", "95")]
    assert {"02", "10"} <= {value for value, _ in find("place_of_service")}
    assert find("place_of_service", "99") == [("99", "99 (not in use here)")]
