"""Which items a rule excludes: each behaviour once, borders from both sides."""

import pandas as pd
import pytest

from exclusion_rules import compile_rules, first_matching_rule

COLUMNS = ["organization_id", "rule_id", "position", "condition_number", "field", "match_values"]
INT = "Int64"


def rules_of(automation, *rules, **known):
    """Rules are (organization_id, rule_id, position, {field: values}) or a list of (field, values)."""
    rows = []
    for organization_id, rule_id, position, conditions in rules:
        pairs = conditions.items() if isinstance(conditions, dict) else conditions
        for number, (field, values) in enumerate(pairs, start=1):
            rows.append((organization_id, rule_id, position, number, field, values))
    return compile_rules(automation, pd.DataFrame(rows, columns=COLUMNS), known_values=known or None)


def items_of(**columns):
    """A frame with organization 1 in every row unless given."""
    length = len(next(iter(columns.values())))
    return pd.DataFrame({"organization_id": [1] * length, **columns})


def many_of(*per_item):
    """The long frame of one list of values per item."""
    pairs = [(item, value) for item, values in enumerate(per_item) for value in values]
    return pd.DataFrame(pairs, columns=["item", "value"])


def found(items, rules, **many):
    """Rule id or None per item."""
    result = first_matching_rule(items, many, rules)
    assert str(result.dtype) == "Int64"
    return [None if value is pd.NA else int(value) for value in result]


def days(*texts):
    return pd.Series(pd.to_datetime(list(texts))).astype("datetime64[s]")


def test_any_value_of_a_condition_is_enough():
    rules = rules_of("invoice_creation", (1, 9, 1, {"appointment_staff": ["4", "7", "20"]}))
    items = items_of(appointment_staff=[3, 4, 5, 7, 8, 19, 20, 21])
    assert found(items, rules) == [None, 9, None, 9, None, None, 9, None]


def test_a_value_between_two_listed_ones_is_not_listed():
    rules = rules_of("invoice_creation", (1, 9, 1, {"client": ["4", "6", "7", "9"]}))
    assert found(items_of(client=[3, 4, 5, 6, 7, 8, 9, 10]), rules) == [None, 9, None, 9, 9, None, 9, None]


def test_the_single_day_between_two_ranges_belongs_to_neither():
    values = ["2026-11-01/2026-11-02", "2026-11-04/2026-11-05"]
    rules = rules_of("invoice_creation", (1, 1, 1, {"appointment_date_range": values}))
    dates = days("2026-11-02", "2026-11-03", "2026-11-04")
    assert found(items_of(appointment_date=dates), rules) == [1, None, 1]


def test_a_range_inside_another_does_not_shorten_it():
    values = ["2026-11-01/2026-11-09", "2026-11-02/2026-11-03"]
    rules = rules_of("invoice_creation", (1, 1, 1, {"appointment_date_range": values}))
    dates = days("2026-11-03", "2026-11-04", "2026-11-09", "2026-11-10")
    assert found(items_of(appointment_date=dates), rules) == [1, 1, 1, None]


def test_all_conditions_of_a_rule_have_to_hold():
    rules = rules_of("invoice_creation", (1, 9, 1, {"appointment_staff": ["4"], "client": ["6"]}))
    items = items_of(appointment_staff=[4, 4, 3, 3], client=[6, 5, 6, 5])
    assert found(items, rules) == [9, None, None, None]


def test_any_matching_rule_excludes():
    rules = rules_of("invoice_creation", (1, 1, 1, {"client": ["6"]}), (1, 2, 2, {"appointment_staff": ["4"]}))
    items = items_of(appointment_staff=[4, 3, 3], client=[5, 6, 5])
    assert found(items, rules) == [2, 1, None]


def test_the_first_matching_rule_by_position_is_recorded_whatever_its_id_or_place_in_the_query():
    rules = rules_of("invoice_creation", (1, 1, 30, {"client": ["6"]}), (1, 2, 10, {"client": ["6"]}))
    assert found(items_of(client=[6]), rules) == [2]


def test_of_two_rules_at_one_position_the_lower_id_is_recorded():
    rules = rules_of("invoice_creation", (1, 8, 1, {"client": ["6"]}), (1, 3, 1, {"client": ["6"]}))
    assert found(items_of(client=[6]), rules) == [3]


def test_a_rule_touches_only_items_of_its_own_organization():
    rules = rules_of("invoice_creation", (2, 5, 1, {"client": ["6"]}), (4, 6, 1, {"client": ["7"]}))
    items = items_of(organization_id=[1, 2, 3, 4, 5, 4], client=[6, 6, 6, 6, 6, 7])
    assert found(items, rules) == [None, 5, None, None, None, 6]


def test_an_absent_value_equals_nothing():
    rules = rules_of(
        "claims_submission",
        (1, 1, 1, {"secondary_insurer": ["1"]}),
        (1, 2, 2, {"place_of_service": ["11"]}),
        (1, 3, 3, {"service_date_range": ["../2026-11-09"]}),
        (1, 4, 4, {"progress_note_signed": ["no"]}),
        (1, 5, 5, {"service_date_range": ["2026-11-02/.."]}),
    )
    items = items_of(
        secondary_insurer=pd.array([None, 1], dtype=INT),
        place_of_service=[None, None],
        service_date=days(None, None),
        progress_note_signed=pd.array([None, None], dtype="boolean"),
    )
    assert found(items, rules) == [None, 1]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-02/2026-11-09", [None, 1, 1, 1, 1, None]),
        ("../2026-11-09", [1, 1, 1, 1, 1, None]),
        ("2026-11-02/..", [None, 1, 1, 1, 1, 1]),
        ("2026-11-03/2026-11-03", [None, None, 1, None, None, None]),
    ],
)
@pytest.mark.parametrize(
    ("automation", "fact"), [("invoice_creation", "appointment_date"), ("invoice_processing", "invoice_date")]
)
def test_a_range_includes_both_its_ends_and_nothing_beyond(automation, fact, value, expected):
    dates = days("2026-11-01", "2026-11-02", "2026-11-03", "2026-11-08", "2026-11-09", "2026-11-10")
    rules = rules_of(automation, (1, 1, 1, {f"{fact}_range": [value]}))
    assert found(items_of(**{fact: dates}), rules) == expected


def test_a_range_includes_both_its_ends_over_the_service_dates_of_a_claim():
    rules = rules_of("claims_submission", (1, 1, 1, {"service_date_range": ["2026-11-02/2026-11-09"]}))
    dates = pd.DataFrame({"item": [0, 1, 2, 3], "value": days("2026-11-01", "2026-11-02", "2026-11-09", "2026-11-10")})
    assert found(items_of(client=[1] * 4), rules, service_date=dates) == [None, 1, 1, None]


def test_the_last_second_of_a_day_still_belongs_to_it():
    rules = rules_of("invoice_creation", (1, 1, 1, {"appointment_date": ["2026-11-02"]}))
    dates = days("2026-11-01 23:59:59", "2026-11-02 00:00:00", "2026-11-02 23:59:59", "2026-11-03 00:00:00")
    assert found(items_of(appointment_date=dates), rules) == [None, 1, 1, None]


def test_of_several_ranges_any_is_enough_also_when_they_overlap_or_come_unordered():
    values = ["2026-11-20/..", "2026-11-05/2026-11-06", "2026-11-02/2026-11-05", "../2026-10-01"]
    rules = rules_of("invoice_creation", (1, 1, 1, {"appointment_date_range": values}))
    dates = days(
        "2026-10-01", "2026-10-02", "2026-11-01", "2026-11-02", "2026-11-06", "2026-11-07", "2026-11-19", "2026-11-20"
    )
    assert found(items_of(appointment_date=dates), rules) == [1, None, None, 1, 1, None, None, 1]


def test_dates_before_1970_compare_like_any_other():
    rules = rules_of("invoice_creation", (1, 1, 1, {"appointment_date_range": ["1969-12-30/1969-12-31"]}))
    dates = days("1969-12-29 12:00", "1969-12-30 12:00", "1969-12-31 23:00", "1970-01-01 00:00")
    assert found(items_of(appointment_date=dates), rules) == [None, 1, 1, None]


def test_a_many_valued_item_matches_if_any_of_its_values_equals():
    rules = rules_of("claims_submission", (1, 1, 1, {"modifier": ["95", "GT"]}))
    modifiers = many_of(["HO"], ["HO", "95"], [], ["GT", "HJ", "U1"], ["U1"])
    assert found(items_of(client=[1] * 5), rules, modifier=modifiers) == [None, 1, None, 1, None]


def test_values_of_a_many_valued_fact_may_come_in_any_order():
    rules = rules_of("claims_submission", (1, 1, 1, {"service_type": ["3"]}))
    for rows in ([(2, 1), (0, 2), (1, 3), (0, 1)], [(1, 3), (2, 1), (0, 2)], [(2, 1), (1, 3), (0, 2), (0, 1)]):
        shuffled = pd.DataFrame(rows, columns=["item", "value"])
        assert found(items_of(client=[1] * 3), rules, service_type=shuffled) == [None, 1, None]


def test_two_conditions_on_one_many_valued_field_may_hold_by_different_values():
    conditions = [("service_date", ["2026-11-02"]), ("service_date", ["2026-11-03"])]
    rules = rules_of("claims_submission", (1, 1, 1, conditions))
    dates = pd.DataFrame(
        {"item": [0, 0, 1, 2, 3, 3], "value": days(*["2026-11-02", "2026-11-03"] * 2, "2026-11-03", "2026-11-04")}
    )
    assert found(items_of(client=[1] * 4), rules, service_date=dates) == [1, None, None, None]


def test_two_conditions_on_one_single_valued_field_must_hold_by_that_one_value():
    conditions = [("client", ["1", "2"]), ("client", ["2", "3"])]
    rules = rules_of("claims_submission", (1, 1, 1, conditions))
    assert found(items_of(client=[1, 2, 3]), rules) == [None, 1, None]


def test_a_note_not_signed_is_found_by_no_and_a_signed_one_by_yes():
    for value, expected in (("no", [None, 1]), ("yes", [1, None])):
        rules = rules_of("invoice_processing", (1, 1, 1, {"progress_note_signed": [value]}))
        assert found(items_of(progress_note_signed=[True, False]), rules) == expected


def test_a_many_valued_field_may_be_given_as_a_column_where_items_have_one_value():
    rules = rules_of("invoice_creation", (1, 1, 1, {"weekday": ["1", "7"]}))
    assert found(items_of(weekday=[1, 2, 6, 7]), rules) == [1, None, None, 1]


def test_text_and_category_columns_give_the_same_answer():
    rules = rules_of("invoice_processing", (1, 1, 1, {"client_pays_by": ["self_pay"]}))
    texts = pd.Series(["insurance", "self_pay", None, "barter"])
    for dtype in ("str", "object", "category"):
        assert found(items_of(client_pays_by=texts.astype(dtype)), rules) == [None, 1, None, None]


def test_ids_may_be_plain_nullable_or_category_and_beyond_32_bits():
    large = 2**62 + 1
    rules = rules_of("invoice_processing", (1, 1, 1, {"client": [str(large)]}))
    for dtype in ("int64", "Int64", "category"):
        assert found(items_of(client=pd.Series([large - 1, large, large + 1]).astype(dtype)), rules) == [None, 1, None]


def test_a_broken_rule_matches_nothing_and_the_next_rule_still_does():
    rules = rules_of(
        "claims_submission",
        (1, 1, 1, {"client": ["6"], "primary_insurer": ["41"]}),
        (1, 2, 2, {"client": ["6"]}),
        (2, 3, 1, {"client": ["6"], "weekday": ["eight"]}),
        primary_insurer={40},
    )
    assert rules.broken["rule_id"].tolist() == [1, 3]
    assert found(items_of(organization_id=[1, 2], client=[6, 6], primary_insurer=[41, 41]), rules) == [2, None]


def test_a_value_that_no_longer_exists_leaves_the_other_values_of_its_condition_at_work():
    rules = rules_of("claims_submission", (1, 1, 1, {"primary_insurer": ["41", "40", "x"]}), primary_insurer={40})
    assert found(items_of(primary_insurer=[40, 41]), rules) == [1, None]


def test_no_items_and_no_rules_are_fine():
    some = rules_of("claims_submission", (1, 1, 1, {"client": ["6"], "modifier": ["95"]}))
    none = rules_of("claims_submission")
    empty = pd.DataFrame(columns=["organization_id", "client"])
    assert found(empty, some, modifier=many_of()) == []
    assert found(empty, none) == []
    assert found(items_of(client=[6, 7]), none) == [None, None]
    assert found(items_of(client=[6, 7]), some, modifier=many_of()) == [None, None]


def test_the_answer_does_not_depend_on_how_many_items_are_taken_at_a_time():
    rules = rules_of(
        "claims_submission", (1, 1, 1, {"client": ["6"], "modifier": ["95"]}), (2, 2, 1, {"client": ["7"]})
    )
    items = items_of(organization_id=[1, 2, 1, 2, 1], client=[6, 7, 6, 6, 6])
    many = {"modifier": many_of(["95"], [], ["U1"], ["95"], ["U1", "95"])}
    answers = [first_matching_rule(items, many, rules, chunk_rows=rows).tolist() for rows in (1, 2, 5, 100)]
    assert answers == [[1, 2, pd.NA, pd.NA, 1]] * 4


def test_an_organization_with_many_more_rules_than_others_gets_its_last_one_too():
    long = [(1, 100 + number, number, {"client": [str(1000 + number)]}) for number in range(50)]
    rules = rules_of("claims_submission", *long, (2, 7, 1, {"client": ["1049"]}))
    items = items_of(organization_id=[1, 2, 1, 1], client=[1049, 1049, 1050, 1000])
    assert found(items, rules) == [149, 7, None, 100]


def test_a_fact_that_no_rule_reads_need_not_be_there_and_one_that_is_read_must():
    rules = rules_of("claims_submission", (1, 1, 1, {"client": ["6"]}))
    assert found(items_of(client=[6]), rules) == [1]
    with pytest.raises(ValueError, match="client"):
        first_matching_rule(items_of(location=[6]), {}, rules)


@pytest.mark.parametrize(
    ("field", "value", "column"),
    [
        ("client", "6", [6.0]),
        ("client", "6", ["6"]),
        ("place_of_service", "11", [11]),
        ("service_date", "2026-11-02", ["2026-11-02"]),
        ("service_date", "2026-11-02", pd.to_datetime(["2026-11-02"]).tz_localize("UTC")),
        ("progress_note_signed", "no", [0]),
    ],
)
def test_a_column_of_another_type_is_refused_rather_than_never_matched(field, value, column):
    rules = rules_of("claims_submission", (1, 1, 1, {field: [value]}))
    with pytest.raises(TypeError, match=field):
        first_matching_rule(items_of(**{field: column}), {}, rules)


@pytest.mark.parametrize("item", [-1, 2])
def test_a_value_of_an_item_that_does_not_exist_is_refused(item):
    rules = rules_of("claims_submission", (1, 1, 1, {"service_type": ["3"]}))
    values = pd.DataFrame({"item": [item], "value": [3]})
    with pytest.raises(ValueError, match="service_type"):
        first_matching_rule(items_of(client=[1, 1]), {"service_type": values}, rules)
