"""What may be saved, what compiles, and what is listed as broken."""

import pandas as pd
import pytest

from exclusion_rules import CompiledRules, compile_rules, validate_condition, validate_rule

COLUMNS = ["organization_id", "rule_id", "position", "condition_number", "field", "match_values"]


def compiled(
    *rows: tuple[int, int, str | None, list[str] | None], automation: str = "claims_submission", **known: set[int]
) -> CompiledRules:
    """Rows are (organization_id, rule_id, field, match_values); the position is the rule id."""
    full = [(org, rule, rule, number, field, values) for number, (org, rule, field, values) in enumerate(rows, 1)]
    return compile_rules(automation, pd.DataFrame(full, columns=COLUMNS), known_values=known or None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("primary_insurer", "1"),
        ("primary_insurer", "9223372036854775807"),
        ("claim_level", "tertiary"),
        ("place_of_service", "02"),
        ("modifier", "GT"),
        ("modifier", "95"),
        ("service_date", "2028-02-29"),
        ("service_date_range", "2026-11-02/2026-11-02"),
        ("service_date_range", "../2026-11-09"),
        ("service_date_range", "2026-11-02/.."),
        ("progress_note_signed", "no"),
        ("weekday", "7"),
    ],
)
def test_a_well_formed_value_can_be_saved_and_compiles(field, value):
    assert validate_condition("claims_submission", field, [value]) == []
    assert len(compiled((1, 1, field, [value])).broken) == 0


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("primary_insurer", "0", "not an id"),
        ("primary_insurer", "-1", "not an id"),
        ("primary_insurer", "007", "not an id"),
        ("primary_insurer", "7 ", "not an id"),
        ("primary_insurer", "７", "not an id"),
        ("primary_insurer", "9223372036854775808", "not an id"),
        ("claim_level", "Primary", "none of primary, secondary, tertiary"),
        ("place_of_service", "2", "not two digits"),
        ("modifier", "gt", "not two capital letters or digits"),
        ("modifier", "GT\n", "not two capital letters or digits"),
        ("service_date", "2027-02-29", "not a date"),
        ("service_date", "20261102", "not a date"),
        ("service_date", "2026-11-02 ", "not a date"),
        ("service_date_range", "2026-11-02", "not a range"),
        ("service_date_range", "2026-11-02/2026-11-31", "not a range"),
        ("service_date_range", "2026-11-02/", "not a range"),
        ("service_date_range", "2026-11-09/2026-11-08", "ends before it starts"),
        ("service_date_range", "../..", "needs a start or an end"),
        ("progress_note_signed", "No", "none of yes, no"),
        ("weekday", "0", "none of 1, 2"),
        ("weekday", "8", "none of 1, 2"),
    ],
)
def test_a_malformed_value_is_refused_and_breaks_its_rule(field, value, problem):
    (message,) = validate_condition("claims_submission", field, [value])
    assert problem in message
    broken = compiled((1, 5, field, [value])).broken
    assert broken["rule_id"].tolist() == [5]
    assert problem in broken["why"][0]


def test_a_problem_names_the_place_of_the_value_and_does_not_repeat_what_was_typed():
    (message,) = validate_condition("claims_submission", "client", ["4", "Somebody Typed"])
    assert "value 2" in message
    assert "Somebody" not in message


def test_an_unknown_field_a_field_of_another_automation_and_no_value_are_named():
    assert validate_condition("invoice_creation", "shoe_size", ["1"]) == ["unknown field"]
    assert validate_condition("invoice_creation", "modifier", ["95"]) == ["Modifier is not offered in invoice_creation"]
    assert validate_condition("invoice_creation", "client", []) == ["Client needs at least one value"]


def test_a_rule_without_conditions_cannot_be_saved():
    assert validate_rule("invoice_creation", []) == ["a rule needs at least one condition"]
    assert validate_rule("invoice_creation", [("client", ["1"])]) == []


def test_a_rule_lists_the_problems_of_each_of_its_conditions():
    problems = validate_rule("invoice_creation", [("client", ["1"]), ("modifier", ["95"]), ("client", ["x", "y"])])
    assert [problem.partition(":")[0] for problem in problems] == ["condition 2", "condition 3", "condition 3"]


def test_checking_for_an_automation_without_rules_raises():
    for call in (
        lambda: validate_condition("era_processing", "client", ["1"]),
        lambda: validate_rule("era_processing", []),
        lambda: compiled(automation="era_processing"),
    ):
        with pytest.raises(ValueError, match="era_processing"):
            call()


def test_a_rule_whose_only_insurer_was_deleted_is_broken_and_says_which():
    rules = compiled((3, 8, "primary_insurer", ["41"]), primary_insurer={40})
    assert rules.broken.values.tolist() == [[3, 8, "condition 1: Primary Insurer 41 does not exist any more"]]
    assert len(rules.rule_ids) == 0


def test_a_rule_with_one_remaining_insurer_is_not_broken():
    assert len(compiled((3, 8, "primary_insurer", ["41", "40"]), primary_insurer={40}).broken) == 0


def test_ids_of_a_fact_without_known_values_are_not_checked():
    assert len(compiled((3, 8, "client", ["41"]), primary_insurer={40}).broken) == 0


@pytest.mark.parametrize("known", [{40}, [40], range(40, 41), pd.Index([40])])
def test_known_ids_may_come_in_any_collection(known):
    rows = [(1, 1, 1, 1, "client", ["40"]), (1, 2, 2, 1, "client", ["41"])]
    rules = compile_rules("claims_submission", pd.DataFrame(rows, columns=COLUMNS), known_values={"client": known})
    assert rules.broken["rule_id"].tolist() == [2]


def test_one_broken_condition_breaks_the_whole_rule_because_all_have_to_hold():
    rules = compiled((1, 1, "client", ["4"]), (1, 1, "primary_insurer", ["41"]), primary_insurer=set())
    assert rules.broken["rule_id"].tolist() == [1]
    assert len(rules.rule_ids) == 0


@pytest.mark.parametrize(
    ("field", "values"),
    [
        (None, None),
        (float("nan"), float("nan")),
        ("client", None),
        ("client", []),
        ("client", [None]),
        ("shoe_size", ["1"]),
        ("client_pays_by", ["self_pay"]),
    ],
)
def test_whatever_one_organization_stored_breaks_only_its_own_rule(field, values):
    rules = compiled((1, 1, field, values), (2, 2, "client", ["4"]))
    assert rules.broken[["organization_id", "rule_id"]].values.tolist() == [[1, 1]]
    assert rules.broken["why"][0]
    assert rules.rule_ids.tolist() == [2]


def test_a_stored_rule_without_conditions_says_so():
    assert compiled((1, 1, None, None)).broken["why"].tolist() == ["a rule needs at least one condition"]


def test_facts_needed_are_those_of_working_rules_only():
    rules = compiled(
        (1, 1, "service_date_range", ["../2026-11-09"]),
        (1, 1, "modifier", ["95"]),
        (1, 2, "client", ["x"]),
    )
    assert rules.facts_needed == {"service_date", "modifier"}


def test_no_rules_compile_to_nothing_needed_and_nothing_broken():
    rules = compiled()
    assert rules.facts_needed == set()
    assert rules.broken.columns.tolist() == ["organization_id", "rule_id", "why"]
    assert len(rules.broken) == 0


def test_a_query_that_lacks_a_column_is_refused():
    with pytest.raises(ValueError, match="match_values"):
        compile_rules("claims_submission", pd.DataFrame(columns=COLUMNS[:-1]))


def test_a_query_that_gives_one_rule_two_positions_or_two_organizations_is_refused():
    for second in ((1, 7, 2, 2, "client", ["4"]), (2, 7, 1, 2, "client", ["4"])):
        frame = pd.DataFrame([(1, 7, 1, 1, "client", ["4"]), second], columns=COLUMNS)
        with pytest.raises(ValueError, match="rule 7"):
            compile_rules("claims_submission", frame)


def test_a_query_that_gives_text_instead_of_lists_is_refused_rather_than_switching_rules_off():
    with pytest.raises(TypeError, match="match_values"):
        compiled((1, 1, "client", "{4}"))


def test_only_the_organizations_whose_rules_read_a_fact_are_named_for_it() -> None:
    rows = [
        (1, 10, 1, 1, "client", ["5"]),
        (1, 10, 1, 2, "service_type", ["6"]),
        (2, 20, 1, 1, "appointment_date", ["2026-11-02"]),
        (3, 30, 1, 1, "location", ["nonsense"]),
        (3, 31, 2, 1, "service_type", ["7"]),
        (4, 40, 1, 1, "appointment_date_range", ["2026-11-02/.."]),
    ]
    rules = pd.DataFrame(
        rows, columns=["organization_id", "rule_id", "position", "condition_number", "field", "match_values"]
    )
    compiled = compile_rules("invoice_creation", rules)
    assert {fact: compiled.organizations_reading(fact) for fact in compiled.facts_needed} == {
        "client": [1],
        "service_type": [1, 3],
        "appointment_date": [2, 4],
    }
    assert compiled.organizations_reading("location") == []
