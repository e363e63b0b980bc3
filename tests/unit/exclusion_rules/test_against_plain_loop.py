"""The vectorised mask against a plain loop over items, rules, conditions and values."""

import datetime as dt

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exclusion_rules import compile_rules, first_matching_rule

# Written out here, not imported: the loop must not share the table it checks. field -> (fact, type)
TYPE_OF_FIELD = {
    "primary_insurer": ("primary_insurer", "id"),
    "secondary_insurer": ("secondary_insurer", "id"),
    "claim_level": ("claim_level", "level"),
    "client_pays_by": ("client_pays_by", "paying"),
    "appointment_staff": ("appointment_staff", "id"),
    "rendering_provider": ("rendering_provider", "id"),
    "billing_provider": ("billing_provider", "id"),
    "service_type": ("service_type", "id"),
    "place_of_service": ("place_of_service", "code"),
    "modifier": ("modifier", "code"),
    "appointment_date": ("appointment_date", "date"),
    "appointment_date_range": ("appointment_date", "range"),
    "invoice_date": ("invoice_date", "date"),
    "invoice_date_range": ("invoice_date", "range"),
    "service_date": ("service_date", "date"),
    "service_date_range": ("service_date", "range"),
    "progress_note_signed": ("progress_note_signed", "yes_no"),
    "location": ("location", "id"),
    "client": ("client", "id"),
    "weekday": ("weekday", "weekday"),
}
FIELDS_OF = {
    "invoice_creation": [
        *["primary_insurer", "client_pays_by", "appointment_staff", "service_type", "appointment_date"],
        *["appointment_date_range", "progress_note_signed", "location", "client", "weekday"],
    ],
    "invoice_processing": [
        *["primary_insurer", "claim_level", "client_pays_by", "rendering_provider", "service_type", "invoice_date"],
        *["invoice_date_range", "progress_note_signed", "location", "client", "weekday"],
    ],
    "claims_submission": [
        *["primary_insurer", "secondary_insurer", "claim_level", "rendering_provider", "billing_provider"],
        *["service_type", "place_of_service", "modifier", "service_date", "service_date_range"],
        *["progress_note_signed", "location", "client", "weekday"],
    ],
}
MANY = {"service_type", "modifier", "service_date", "weekday"}
DELETED_INSURER = 3
MALFORMED = "?"

DAYS = [dt.date(1969, 12, 31), dt.date(1970, 1, 1), *(dt.date(2026, 11, day) for day in range(1, 6))]
VALUES = {
    "id": [1, 2, 3, 4],
    "level": ["primary", "secondary", "tertiary"],
    "paying": ["insurance", "self_pay"],
    "code": ["02", "11", "95", "99"],
    "date": DAYS,
    "range": DAYS,
    "yes_no": [True, False],
    "weekday": [1, 2, 3, 7],
}


def stored_texts(type_name):
    if type_name == "range":
        ends = st.sampled_from([*DAYS, None])
        return st.tuples(ends, ends).filter(any).map(range_text)
    return st.sampled_from(VALUES[type_name]).map(text_of)


def text_of(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def range_text(ends):
    start, end = ends
    if start and end and end < start:
        start, end = end, start
    return f"{text_of(start) if start else '..'}/{text_of(end) if end else '..'}"


@st.composite
def cases(draw, automation):
    fields = FIELDS_OF[automation]
    rules = []
    for rule_id in draw(st.permutations(range(1, draw(st.integers(0, 7)) + 1))):
        conditions = []
        for field in draw(st.lists(st.sampled_from(fields), min_size=1, max_size=3)):
            texts = st.one_of(*[stored_texts(TYPE_OF_FIELD[field][1])] * 9, st.just(MALFORMED))
            conditions.append((field, draw(st.lists(texts, min_size=1, max_size=3))))
        rules.append((draw(st.integers(1, 3)), rule_id, draw(st.integers(1, 3)), conditions))
    facts = sorted({TYPE_OF_FIELD[field] for field in fields if not field.endswith("_range")})
    items = []
    for _ in range(draw(st.integers(0, 8))):
        item = {"organization_id": draw(st.integers(1, 4))}
        for fact, type_name in facts:
            most = 3 if fact in MANY else 1
            item[fact] = draw(st.lists(st.sampled_from(VALUES[type_name]), max_size=most))
        items.append(item)
    return rules, items, draw(st.booleans()), draw(st.sampled_from([1, 3, 1000])), draw(st.randoms())


def plain_loop(rules, item):
    """The rule id of the first matching rule, or None."""
    for organization_id, rule_id, _, conditions in sorted(rules, key=lambda rule: (rule[2], rule[1])):
        if organization_id == item["organization_id"] and all(holds(*condition, item) for condition in conditions):
            return rule_id
    return None


def holds(field, texts, item):
    fact, type_name = TYPE_OF_FIELD[field]
    for text in texts:
        if text == MALFORMED or (field == "primary_insurer" and text == str(DELETED_INSURER)):
            continue
        for value in item[fact]:
            if type_name == "range":
                start, end = text.split("/")
                if (start == ".." or start <= text_of(value)) and (end == ".." or text_of(value) <= end):
                    return True
            elif text_of(value) == text:
                return True
    return False


def is_broken(rule):
    return any(
        all(text == MALFORMED or (field == "primary_insurer" and text == str(DELETED_INSURER)) for text in texts)
        for field, texts in rule[3]
    )


def column_of(type_name, values, as_category):
    """The column of a fact as a query would give it; None is absent."""
    dtypes = {"id": "Int64", "weekday": "Int64", "yes_no": "boolean", "date": "datetime64[s]"}
    column = pd.Series(values, dtype=dtypes.get(type_name, "str"))
    return column.astype("category") if as_category else column


def frames_of(automation, items, as_category, random):
    frame = pd.DataFrame({"organization_id": pd.Series([item["organization_id"] for item in items], dtype="int64")})
    many = {}
    for field in FIELDS_OF[automation]:
        fact, type_name = TYPE_OF_FIELD[field]
        if type_name == "range":
            continue
        if fact in MANY:
            pairs = [(row, value) for row, item in enumerate(items) for value in item[fact]]
            random.shuffle(pairs)
            many[fact] = pd.DataFrame(
                {
                    "item": pd.Series([row for row, _ in pairs], dtype="int64"),
                    "value": column_of(type_name, [value for _, value in pairs], as_category),
                }
            )
        else:
            frame[fact] = column_of(type_name, [(item[fact] or [None])[0] for item in items], as_category)
    return frame, many


@pytest.mark.parametrize("automation", sorted(FIELDS_OF))
def test_the_mask_agrees_with_a_plain_loop(automation):
    @settings(max_examples=50, deadline=None)
    @given(cases(automation))
    def check(case):
        rules, items, as_category, chunk_rows, random = case
        rows = [
            (organization_id, rule_id, position, number, field, texts)
            for organization_id, rule_id, position, conditions in rules
            for number, (field, texts) in enumerate(conditions, start=1)
        ]
        columns = ["organization_id", "rule_id", "position", "condition_number", "field", "match_values"]
        insurers = set(VALUES["id"]) - {DELETED_INSURER}
        compiled = compile_rules(
            automation, pd.DataFrame(rows, columns=columns), known_values={"primary_insurer": insurers}
        )
        frame, many = frames_of(automation, items, as_category, random)
        result = first_matching_rule(frame, many, compiled, chunk_rows=chunk_rows)
        assert [None if value is pd.NA else value for value in result] == [plain_loop(rules, item) for item in items]
        assert sorted(compiled.broken["rule_id"]) == sorted(rule[1] for rule in rules if is_broken(rule))

    check()


def test_the_plain_loop_covers_every_field_of_every_automation():
    assert {field for fields in FIELDS_OF.values() for field in fields} == set(TYPE_OF_FIELD)
    assert sum(len(fields) - 3 for fields in FIELDS_OF.values()) == 26
