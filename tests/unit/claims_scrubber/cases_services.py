"""Cases of the edits on diagnoses, procedures, lines, the claim's header, dates and duplicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from tests.unit.claims_scrubber.claim_sets import NIGHT
from tests.unit.claims_scrubber.edit_cases import Case

_DAY = timedelta(days=1)
_WHOLE = frozenset({0})
_CLEAN: frozenset[int] = frozenset()
_FIRST = frozenset({1})
_SECOND = frozenset({2})
_VOID = {"frequency_code": "8", "payer_claim_control_number": "8123"}
_CORRECTION = {"frequency_code": "7", "payer_claim_control_number": "8123"}
_CENTS = 10000

Line = str | Mapping[str, object]


def coded(
    name: str,
    lines_found: frozenset[int],
    *lines: Line,
    claim: Mapping[str, object] | None = None,
    beside: Sequence[Line] = (),
    also: frozenset[tuple[str, int]] = frozenset(),
    value: str | None = None,
    as_of_on: date = NIGHT,
) -> Case:
    """A case of a claim with these `lines`, a procedure code or columns each, and lines of other claims `beside` it."""
    rows = [
        {
            "line_number": number,
            "service_on": date(2026, 11, 23),
            "unit_count": 1,
            "charge_cents": _CENTS,
            "diagnosis_pointers": "1",
            **_columns(line),
        }
        for number, line in enumerate(lines, start=1)
    ]
    return Case(
        name,
        lines_found,
        {"total_charge_cents": _CENTS * len(rows), **(claim or {})},
        rows,
        also=also,
        value=value,
        as_of_on=as_of_on,
        others={"same_day_lines": [{"other_claim_number": "C9V1", "unit_count": 1, **_columns(one)} for one in beside]},
    )


def _columns(line: Line) -> Mapping[str, object]:
    return {"procedure_code": line} if isinstance(line, str) else line


def _diagnosed(name: str, lines_found: frozenset[int], *codes: str, **more: object) -> Case:
    pointers = {number: {"diagnosis_pointers": "1"} for number in (1, 2)}
    return Case(name, lines_found, {}, pointers, codes, **more)  # type: ignore[arg-type]


def _of_dated_code(code: str, is_valid_on_the_day: bool) -> Case:
    found = _CLEAN if is_valid_on_the_day else _WHOLE
    return _diagnosed(f"{code} on 23 November", found, code, value=None if is_valid_on_the_day else code)


_SENT = {"sent_claim_number": "C7V1"}
_MODIFIED = {"procedure_code": "H2033"}
_LONG = "NOTE " * 15 + "NOTE"

DIAGNOSIS_CASES: Mapping[str, Sequence[Case]] = {
    "DIA03": [
        _diagnosed("a category", _WHOLE, "F41", value="F41"),
        _diagnosed("a subcategory in second place", _WHOLE, "F411", "F431", value="F431"),
        _diagnosed("two of them", _WHOLE, "F41", "F431", value="F41, F431"),
        _diagnosed("the code below it", _CLEAN, "F4310"),
        _diagnosed("not in the table: another edit says so", _CLEAN, "F999", also=frozenset({("DIA04", 0)})),
    ],
    "DIA04": [
        _diagnosed("not in the table", _WHOLE, "F999", value="F999"),
        _diagnosed("one of two", _WHOLE, "F411", "F999", value="F999"),
        _of_dated_code("F5081", False),
        _of_dated_code("F50810", True),
        _of_dated_code("F50811", False),
        _of_dated_code("F50812", True),
        Case(
            "valid until the day before", _WHOLE, {}, {n: {"service_on": date(2026, 11, 24), "diagnosis_pointers": "1"}
            for n in (1, 2)}, ["F50812"],
        ),
        Case("valid a day later", _CLEAN, {}, {n: {"service_on": date(2026, 11, 24), "diagnosis_pointers": "1"}
             for n in (1, 2)}, ["F50811"]),
        _diagnosed("a category: another edit says so", _CLEAN, "F41", also=frozenset({("DIA03", 0)})),
        _diagnosed("with a dot: another edit says so", _CLEAN, "F41.1", also=frozenset({("DIA10", 0)})),
    ],
    "DIA05": [
        _diagnosed("side by side", _WHOLE, "F411", "F411", value="F411"),
        _diagnosed("apart", _WHOLE, "F411", "F331", "F411", value="F411"),
        _diagnosed("the last of twelve", _WHOLE, *(f"A0{n}" for n in range(10, 21)), "A010"),
        _diagnosed("twelve different ones", _CLEAN, *(f"A0{n}" for n in range(10, 22))),
        _diagnosed("one the beginning of the other", _CLEAN, "F5081", "F50810", also=frozenset({("DIA04", 0)})),
    ],
    "DIA06": [
        *(_diagnosed(f"{code[0]} first", _WHOLE, code, "F411", value=code)
          for code in ("V031XXA", "W19XXXA", "X58XXXA", "Y929")),
        _diagnosed("alone", _WHOLE, "Y929"),
        _diagnosed("in second place", _CLEAN, "F411", "Y929"),
        _diagnosed("a Z code first", _CLEAN, "Z630"),
    ],
    "DIA07": [
        _diagnosed("first", _WHOLE, "S93411S", "F411", value="S93411S"),
        _diagnosed("alone", _WHOLE, "S93411S"),
        _diagnosed("in second place", _CLEAN, "F411", "S93411S"),
        _diagnosed("an S in sixth place", _CLEAN, "F3320S"),
    ],
    "DIA08": [
        _diagnosed("dementia first", _WHOLE, "F0280", value="F0280"),
        _diagnosed("psychological factors first", _WHOLE, "F54", "F411"),
        _diagnosed("in second place", _CLEAN, "F411", "F0280"),
        _diagnosed("another dementia", _CLEAN, "F03"),
    ],
    "DIA09": [
        Case("a gap", _WHOLE, {}, {1: {"diagnosis_pointers": "1"}}, [(1, "F411"), (3, "F331")]),
        Case("none of rank 1", _WHOLE, {}, {1: {"diagnosis_pointers": "2"}, 2: {"diagnosis_pointers": "2"}},
             [(2, "F411")]),
        Case("two of one rank", _WHOLE, {}, {1: {"diagnosis_pointers": "1"}}, [(1, "F411"), (1, "F331")]),
        _diagnosed("thirteen", _WHOLE, *(f"A0{n}" for n in range(10, 23))),
        _diagnosed("twelve", _CLEAN, *(f"A0{n}" for n in range(10, 22))),
        _diagnosed("one", _CLEAN, "F411"),
    ],
    "DIA10": [
        *(_diagnosed(text, _WHOLE, text, value=text) for text in ("F41.1", "f411", "411F", "F4", "F4110000", "FA11")),
        _diagnosed("three characters", _CLEAN, "F54", "F411", also=frozenset({("DIA08", 0)})),
        _diagnosed("seven characters", _CLEAN, "F411", "S93411S"),
    ],
}  # fmt: skip

LINE_CASES: Mapping[str, Sequence[Case]] = {
    "PRC01": [
        coded("missing", _FIRST, {"procedure_code": None}),
        coded("spaces", _FIRST, {"procedure_code": "  "}),
        *(coded(text, _FIRST, text, value=text) for text in ("9083", "908370", "90-37", "HH004", "9083A7")),
        coded("CPT", _CLEAN, "90837"),
        coded("HCPCS", _CLEAN, "H0004"),
        coded("CPT of category III, unknown", _CLEAN, "0362T", also=frozenset({("PRC02", 1)})),
        coded("lower case, which the file turns into capitals", _CLEAN, "h0004"),
    ],
    "PRC02": [
        coded("not in the table", _SECOND, "90837", "90999", value="90999"),
        coded("in force a day later", _FIRST, "H2034"),
        coded("in force until the day before", _FIRST, "H2035"),
        coded("in force on the day", _CLEAN, "H2033"),
        coded("in force from the day on", _CLEAN, {"procedure_code": "H2034", "service_on": date(2026, 11, 24)}),
        coded("in force up to the day", _CLEAN, {"procedure_code": "H2035", "service_on": date(2026, 11, 22)}),
        coded("malformed: another edit says so", _CLEAN, "9083", also=frozenset({("PRC01", 1)})),
        coded("deleted: another edit says so", _CLEAN, "99354", also=frozenset({("PRC04", 1)})),
    ],
    "PRC03": [
        coded("no description", _FIRST, "90899", value="90899"),
        coded("spaces", _FIRST, {"procedure_code": "99499", "description": " "}),
        coded("described", _CLEAN, {"procedure_code": "90899", "description": "Equine assisted therapy"}),
        coded("listed", _CLEAN, "90837"),
    ],
    "PRC04": [
        coded("prolonged service in 2026", _FIRST, "99354", value="99354"),
        coded("an old evaluation", _FIRST, "90801"),
        coded("the day after the last", _FIRST, {"procedure_code": "99441", "service_on": date(2025, 1, 1)},
              claim={"policy_starts_on": None}),
        coded("the last day", _CLEAN, {"procedure_code": "99441", "service_on": date(2024, 12, 31)},
              claim={"policy_starts_on": None}, also=frozenset({("PRC02", 1)})),
        coded("its successor", _CLEAN, "99417", "99213"),
    ],
    "MOD01": [
        coded("one character", _FIRST, {**_MODIFIED, "modifier_1": "9"}, value="9"),
        coded("three characters in fourth place", _FIRST, {**_MODIFIED, "modifier_4": "95X"}),
        coded("a hyphen", _FIRST, {**_MODIFIED, "modifier_2": "-9", "modifier_1": "HO"}, value="HO:-9"),
        coded("four", _CLEAN, {**_MODIFIED, "modifier_1": "25", "modifier_2": "HO", "modifier_3": "76",
                               "modifier_4": "AJ"}),
        coded("empty", _CLEAN, {**_MODIFIED, "modifier_1": ""}),
    ],
    "MOD02": [
        coded("side by side", _FIRST, {**_MODIFIED, "modifier_1": "HO", "modifier_2": "HO"}, value="HO:HO"),
        coded("first and last", _FIRST, {**_MODIFIED, "modifier_1": "HO", "modifier_3": "25", "modifier_4": "HO"}),
        coded("one in lower case", _FIRST, {**_MODIFIED, "modifier_1": "HO", "modifier_2": "ho"}),
        coded("on two lines", _CLEAN, {"procedure_code": "90846", "modifier_1": "HO"},
              {**_MODIFIED, "modifier_1": "HO"}),
        coded("different ones", _CLEAN, {**_MODIFIED, "modifier_1": "HO", "modifier_2": "25"}),
    ],
    "MOD03": [
        coded("not on the list", _FIRST, {**_MODIFIED, "modifier_2": "ZZ"}, value="ZZ"),
        coded("on the list", _CLEAN, {**_MODIFIED, "modifier_2": "HO"}),
        coded("no modifier at all: another edit says so", _CLEAN, {**_MODIFIED, "modifier_1": "ZZZ"},
              also=frozenset({("MOD01", 1)})),
    ],
    "MOD04": [
        *(coded(f"59 beside {one}", _FIRST, {**_MODIFIED, "modifier_1": "59", "modifier_2": one})
          for one in ("XE", "XP", "XS", "XU")),
        coded("on two lines", _CLEAN, {**_MODIFIED, "modifier_1": "59"},
              {"procedure_code": "90846", "modifier_1": "XE"}),
        coded("59 alone", _CLEAN, {**_MODIFIED, "modifier_1": "59"}),
        coded("XE alone", _CLEAN, {**_MODIFIED, "modifier_1": "XE"}),
    ],
    "MOD05": [
        coded("two degrees", _FIRST, {**_MODIFIED, "modifier_1": "HO", "modifier_2": "HP"}, value="HO:HP"),
        coded("three degrees", _FIRST, {**_MODIFIED, "modifier_1": "HM", "modifier_2": "HN", "modifier_3": "HP"}),
        coded("psychologist and social worker", _FIRST, {**_MODIFIED, "modifier_1": "AH", "modifier_4": "AJ"}),
        coded("one degree and one profession", _CLEAN, {**_MODIFIED, "modifier_1": "HO", "modifier_2": "AJ"}),
    ],
    "CHG04": [
        coded("one cent above", _SECOND, "90837", {"procedure_code": "H0004", "charge_cents": 1_000_000_000},
              claim={"total_charge_cents": 1_000_010_000}, also=frozenset({("CHG05", 0)}), value="10000000.00"),
        coded("the limit", _CLEAN, {"procedure_code": "90837", "charge_cents": 999_999_999},
              claim={"total_charge_cents": 999_999_999}),
    ],
    "CHG05": [
        coded("one cent above", _WHOLE, {"procedure_code": "90837", "charge_cents": 999_999_999},
              {"procedure_code": "H0004", "charge_cents": 1}, claim={"total_charge_cents": 1_000_000_000}),
        coded("the limit", _CLEAN, {"procedure_code": "90837", "charge_cents": 999_999_998},
              {"procedure_code": "H0004", "charge_cents": 1}, claim={"total_charge_cents": 999_999_999}),
    ],
    "UNI02": [
        coded("1000", _FIRST, {"procedure_code": "97153", "unit_count": 1000}, value="1000"),
        coded("999", _CLEAN, {"procedure_code": "97153", "unit_count": 999}),
    ],
    "UNI03": [
        coded("a second unit from minute 22", _FIRST, {"procedure_code": "H0004", "unit_count": 2},
              claim={"session_minutes": 22}, value="2"),
        coded("a second unit from minute 23", _CLEAN, {"procedure_code": "H0004", "unit_count": 2},
              claim={"session_minutes": 23}),
        coded("four units of an hour", _CLEAN, {"procedure_code": "H0004", "unit_count": 4},
              claim={"session_minutes": 60}),
        coded("five units of an hour", _FIRST, {"procedure_code": "H0004", "unit_count": 5},
              claim={"session_minutes": 60}),
        coded("length not known", _CLEAN, {"procedure_code": "H0004", "unit_count": 9}),
        coded("not counted in quarters", _CLEAN, {"procedure_code": "H2033", "unit_count": 9},
              claim={"session_minutes": 20}),
        coded("a void", _CLEAN, {"procedure_code": "H0004", "unit_count": 9}, claim={**_VOID, "session_minutes": 20}),
    ],
}  # fmt: skip


def _shaped_many(count: int) -> list[Line]:
    """Lines that differ by modifiers on the list, so that nothing but their number can be found."""
    pairs = [(one, other) for one in ("25", "59", "76", "AJ", "HO", "XE", "AH") for other in ("25", "76", "HN", "AJ")]
    usable = [
        (one, other)
        for one, other in pairs
        if one != other and {one, other} not in ({"HO", "HN"}, {"AJ", "AH"}, {"59", "XE"})
    ]
    return [
        {"procedure_code": code, "modifier_1": one, "modifier_2": other}
        for code in ("90849", "H0004", "T1015")
        for one, other in dict.fromkeys(tuple(sorted(pair)) for pair in usable)
    ][:count]


LINE_COUNT_CASES: Mapping[str, Sequence[Case]] = {
    "LIN02": [
        coded("fifty-one lines", _WHOLE, *_shaped_many(51)),
        coded("fifty lines", _CLEAN, *_shaped_many(50), also=frozenset({("LIN03", 0)})),
    ],
    "LIN03": [
        coded("seven lines", _WHOLE, *_shaped_many(7)),
        coded("six lines", _CLEAN, *_shaped_many(6)),
        coded("fifty-one: another edit says so", _CLEAN, *_shaped_many(51), also=frozenset({("LIN02", 0)})),
    ],
}


def _accident(name: str, lines_found: frozenset[int], *, also: frozenset[tuple[str, int]] = frozenset(),
              value: str | None = None, **columns: object) -> Case:  # fmt: skip
    return Case(name, lines_found, {f"accident_{key}": what for key, what in columns.items()}, also=also, value=value)


_NOTHING_SIGNED = dict.fromkeys(["release_of_information", "assignment_of_benefits"], False)

HEADER_CASES: Mapping[str, Sequence[Case]] = {
    "FRQ01": [
        Case("missing", _WHOLE, {"frequency_code": None}),
        Case("6", _WHOLE, {"frequency_code": "6"}, value="6"),
        Case("a space behind", _WHOLE, {"frequency_code": "1 "}),
        Case("original", _CLEAN, {"frequency_code": "1"}),
        Case("replacement", _CLEAN, _CORRECTION),
        Case("void", _CLEAN, _VOID),
    ],
    "FRQ02": [
        Case("replacement without", _WHOLE, {"frequency_code": "7"}),
        Case("void with spaces", _WHOLE, {"frequency_code": "8", "payer_claim_control_number": " "}),
        Case("replacement with", _CLEAN, _CORRECTION),
        Case("original without", _CLEAN, {"payer_claim_control_number": None}),
    ],
    "FRQ03": [
        Case("original with", _WHOLE, {"payer_claim_control_number": "8123"}, value="8123"),
        Case("original with an empty one", _CLEAN, {"payer_claim_control_number": ""}),
        Case("replacement with", _CLEAN, _CORRECTION),
        Case("void with", _CLEAN, _VOID),
    ],
    "FRQ04": [
        Case("51 characters", _WHOLE, {**_CORRECTION, "payer_claim_control_number": "8" * 51}),
        Case("50 characters", _CLEAN, {**_CORRECTION, "payer_claim_control_number": "8" * 50}),
    ],
    "FRQ05": [
        Case("replacement to Medicare", _WHOLE, {**_CORRECTION, "claim_filing_code": "MB", "member_id": "1EG4TE5MK73"},
             value="7"),
        Case("void to Medicare", _WHOLE, {**_VOID, "claim_filing_code": "MB", "member_id": "1EG4TE5MK73"}),
        Case("original to Medicare", _CLEAN, {"claim_filing_code": "MB", "member_id": "1EG4TE5MK73"}),
        Case("replacement to another", _CLEAN, {**_CORRECTION, "claim_filing_code": "CI"}),
    ],
    "NUM01": [
        Case("missing", _WHOLE, {"claim_number": None}),
        Case("empty", _WHOLE, {"claim_number": ""}),
        Case("18 characters", _WHOLE, {"claim_number": "C" * 18}, value="C" * 18),
        Case("a hyphen", _WHOLE, {"claim_number": "C1-V1"}),
        Case("a small letter", _WHOLE, {"claim_number": "c1V1"}),
        Case("a letter with an accent", _WHOLE, {"claim_number": "É1V1"}),
        Case("a line break behind", _WHOLE, {"claim_number": "C1V1\n"}),
        Case("17 characters", _CLEAN, {"claim_number": "C" * 17}),
        Case("one digit", _CLEAN, {"claim_number": "1"}),
    ],
    "SIG01": [
        Case("not signed", _WHOLE, {"release_of_information": False}),
        Case("signed", _CLEAN, {"release_of_information": True}),
        Case("nothing signed: another edit says so", _CLEAN, _NOTHING_SIGNED, also=frozenset({("SIG03", 0)})),
    ],
    "SIG02": [
        Case("not assigned", _WHOLE, {"assignment_of_benefits": False}),
        Case("assigned", _CLEAN, {"assignment_of_benefits": True}),
        Case("nothing signed: another edit says so", _CLEAN, _NOTHING_SIGNED, also=frozenset({("SIG03", 0)})),
    ],
    "SIG03": [
        Case("nothing", _WHOLE, _NOTHING_SIGNED),
        Case("a release", _CLEAN, {"assignment_of_benefits": False}, also=frozenset({("SIG02", 0)})),
        Case("an assignment", _CLEAN, {"release_of_information": False}, also=frozenset({("SIG01", 0)})),
        Case("no policy: other edits say so", _CLEAN, {**_NOTHING_SIGNED, "policy_id": None},
             also=frozenset({("COV01", 1), ("COV01", 2)})),
    ],
    "ACC01": [
        _accident("car", _WHOLE, cause="auto", state_code="CO", value="auto"),
        _accident("other", _WHOLE, cause="other"),
        _accident("car with a date", _CLEAN, cause="auto", state_code="CO", on=date(2026, 11, 1)),
        _accident("no accident", _CLEAN),
    ],
    "ACC02": [
        _accident("the day after", _WHOLE, cause="other", on=date(2026, 11, 24), value="2026-11-24"),
        _accident("the same day", _CLEAN, cause="other", on=date(2026, 11, 23)),
        _accident("no cause: another edit says so", _CLEAN, on=date(2026, 11, 24), also=frozenset({("ACC05", 0)})),
    ],
    "ACC03": [
        _accident("missing", _WHOLE, cause="auto", on=date(2026, 11, 1)),
        _accident("three letters", _WHOLE, cause="auto", on=date(2026, 11, 1), state_code="COL", value="COL"),
        _accident("two letters", _CLEAN, cause="auto", on=date(2026, 11, 1), state_code="CO"),
        _accident("no car", _CLEAN, cause="other", on=date(2026, 11, 1)),
    ],
    "ACC04": [
        _accident("at work", _WHOLE, cause="employment"),
        _accident("at work with a date", _CLEAN, cause="employment", on=date(2026, 11, 1)),
        _accident("no accident", _CLEAN),
    ],
    "ACC05": [
        _accident("a date", _WHOLE, on=date(2026, 11, 1)),
        _accident("a state", _WHOLE, state_code="CO"),
        _accident("a date and a cause", _CLEAN, on=date(2026, 11, 1), cause="other"),
    ],
    "ACC06": [
        _accident("no state", _WHOLE, cause="auto", on=date(2026, 11, 1), state_code="XX", value="XX"),
        _accident("small letters", _CLEAN, cause="auto", on=date(2026, 11, 1), state_code=" wy"),
        _accident("no code at all: another edit says so", _CLEAN, cause="auto", on=date(2026, 11, 1), state_code="COL",
                  also=frozenset({("ACC03", 0)})),
        _accident("missing: another edit says so", _CLEAN, cause="auto", on=date(2026, 11, 1),
                  also=frozenset({("ACC03", 0)})),
        _accident("no car", _CLEAN, cause="other", on=date(2026, 11, 1), state_code="XX"),
    ],
    "ACC07": [
        _accident("another word", _WHOLE, cause="sport", on=date(2026, 11, 1), value="sport"),
        _accident("the code of the file", _WHOLE, cause="AA"),
        _accident("a word with a space", _WHOLE, cause="auto "),
        *(_accident(cause, _CLEAN, cause=cause, on=date(2026, 11, 1), state_code="CO")
          for cause in ("auto", "employment", "other")),
        _accident("empty", _CLEAN, cause=""),
    ],
    "SGN01": [
        Case("not signed", _WHOLE, {"note_status": "unsigned"}),
        Case("signed", _CLEAN, {"note_status": "signed"}),
        Case("not told", _CLEAN, {"note_status": None}),
    ],
    "SGN02": [
        Case("waiting", _WHOLE, {"note_status": "awaiting_cosignature"}),
        Case("signed", _CLEAN, {"note_status": "signed"}),
    ],
    "SGN03": [
        Case("missing", _WHOLE, {"note_status": "missing"}),
        Case("signed", _CLEAN, {"note_status": "signed"}),
    ],
    "NTE01": [
        Case("81 characters", _WHOLE, {"claim_note": f"{_LONG}NE"}),
        Case("80 characters", _CLEAN, {"claim_note": f"{_LONG}N"}),
        Case("80 characters when repeated spaces are gone", _CLEAN, {"claim_note": f"  NOTE   {_LONG[5:]}N  "}),
    ],
    "NTE02": [
        Case("a note of 81", _SECOND, {}, {2: {"line_note": f"{_LONG}NE"}}),
        Case("a description of 81", _FIRST, {}, {1: {"description": f"{_LONG}NE"}}),
        Case("80", _CLEAN, {}, {1: {"description": f"{_LONG}N", "line_note": f"{_LONG}N"}}),
    ],
    "NTE03": [
        *(Case(f"a {sign}", _WHOLE, {"claim_note": f"SEE{sign}NOTE"}) for sign in ("*", ":", "^", "~", "\n", "п")),
        Case("plain", _CLEAN, {"claim_note": "See note, p. 2 (étage)"}),
    ],
    "NTE04": [
        Case("a note", _FIRST, {}, {1: {"line_note": "A~B"}}),
        Case("a description", _SECOND, {}, {2: {"description": "A*B"}}),
        Case("plain", _CLEAN, {}, {1: {"line_note": "A/B", "description": "A-B"}}),
    ],
}  # fmt: skip


def _aged(name: str, lines_found: frozenset[int], days: int, **claim: object) -> Case:
    """A claim that is scrubbed `days` after its service, under an open policy."""
    changed = {"policy_starts_on": None, "policy_ends_on": None, **claim}
    return Case(name, lines_found, changed, as_of_on=date(2026, 11, 23) + days * _DAY)


_LIMITED = {"payer_code": "SX107"}
DATE_CASES: Mapping[str, Sequence[Case]] = {
    "DOS02": [
        Case("the day before", _SECOND, {"patient_birth_on": date(2026, 11, 23)},
             {2: {"service_on": date(2026, 11, 22)}}, value="2026-11-22", also=frozenset({("PSY01", 2)})),
        Case("both", frozenset({1, 2}), {"patient_birth_on": date(2026, 11, 24)}),
        Case("on the day", _CLEAN, {"patient_birth_on": date(2026, 11, 23)}),
    ],
    "DOS03": [
        coded("the last day before", _FIRST, {"procedure_code": "90837", "service_on": date(2015, 9, 30)},
              claim={"policy_starts_on": None, **_CORRECTION}, value="2015-09-30"),
        coded("the first day", _CLEAN, {"procedure_code": "90837", "service_on": date(2015, 10, 1)},
              claim={"policy_starts_on": None, **_CORRECTION}),
    ],
    "TIM01": [
        _aged("the day after the last", _WHOLE, 91, **_LIMITED),
        _aged("long after", _WHOLE, 800, **_LIMITED),
        Case("a secondary claim, which has its own time", _CLEAN, {**_LIMITED, "policy_ends_on": None,
             "level": "secondary"}, as_of_on=date(2027, 2, 22), also=frozenset({("COB01", 0)})),
        _aged("a correction, which has its own time", _CLEAN, 91, **_LIMITED, **_CORRECTION),
        _aged("an insurer without a limit", _CLEAN, 91),
        Case("the last day", _CLEAN, {**_LIMITED, "policy_ends_on": None}, as_of_on=date(2027, 2, 21),
             also=frozenset({("TIM02", 0)})),
    ],
    "TIM02": [
        _aged("the last day", _WHOLE, 90, **_LIMITED),
        _aged("fifteen days left", _WHOLE, 75, **_LIMITED),
        _aged("sixteen days left", _CLEAN, 74, **_LIMITED),
        Case("the day after the last: another edit says so", _CLEAN, {**_LIMITED, "policy_ends_on": None},
             as_of_on=date(2027, 2, 22), also=frozenset({("TIM01", 0)})),
    ],
    "TIM03": [
        _aged("731 days", _WHOLE, 731),
        _aged("730 days", _CLEAN, 730),
        _aged("a correction", _CLEAN, 731, **_CORRECTION),
        Case("an insurer with a limit: another edit says so", _CLEAN, {**_LIMITED, "policy_ends_on": None},
             as_of_on=date(2029, 1, 1), also=frozenset({("TIM01", 0)})),
    ],
}  # fmt: skip

_GROUP_TWICE = [{"procedure_code": "90849", "modifier_1": "HO"}, {"procedure_code": "90849", "modifier_1": "HO"}]
DUPLICATE_CASES: Mapping[str, Sequence[Case]] = {
    "DUP03": [
        Case("another claim", _WHOLE, {"overlapping_claim_number": "C8V1"}, value="C8V1"),
        Case("none", _CLEAN, {"overlapping_claim_number": None}),
        Case("a void", _CLEAN, {**_VOID, "overlapping_claim_number": "C8V1"}),
    ],
    "DUP04": [
        coded("the same twice", _SECOND, *_GROUP_TWICE, value="90849"),
        coded("three times", frozenset({2, 3}), *_GROUP_TWICE, _GROUP_TWICE[0]),
        coded("apart", frozenset({3}), "90849", "H0004", "90849"),
        coded("modifiers in another order", _SECOND, {**_MODIFIED, "modifier_1": "HO", "modifier_2": "25"},
              {**_MODIFIED, "modifier_1": "25", "modifier_2": "HO"}),
        coded("one in lower case", _SECOND, "H0004", "h0004"),
        coded("other modifiers", _CLEAN, "90849", {"procedure_code": "90849", "modifier_1": "59"}),
        coded("one says once more", _CLEAN, "90849", {"procedure_code": "90849", "modifier_1": "76"}),
        coded("both say once more", _CLEAN, *[{"procedure_code": "90849", "modifier_1": "76"}] * 2),
        coded("another day", _CLEAN, "90849", {"procedure_code": "90849", "service_on": date(2026, 11, 24)}),
        coded("no procedure at all: another edit says so", _CLEAN, {"procedure_code": None}, {"procedure_code": None},
              also=frozenset({("PRC01", 1), ("PRC01", 2)})),
        coded("a void", _CLEAN, *_GROUP_TWICE, claim=_VOID),
    ],
    "DUP05": [
        coded("another claim has it", _FIRST, "90849", "H0004", beside=["90849"], value="90849"),
        coded("with other modifiers", _CLEAN, "90849", beside=[{"procedure_code": "90849", "modifier_1": "59"}]),
        coded("another procedure", _CLEAN, "90849", beside=["H0004"]),
        coded("sent: another edit says so", _CLEAN, {"procedure_code": "90849", **_SENT}, beside=["90849"],
              also=frozenset({("DUP01", 1)})),
        coded("a correction", _CLEAN, "90849", beside=["90849"], claim=_CORRECTION),
    ],
}  # fmt: skip

CASES: Mapping[str, Sequence[Case]] = {
    **DIAGNOSIS_CASES,
    **LINE_CASES,
    **LINE_COUNT_CASES,
    **HEADER_CASES,
    **DATE_CASES,
    **DUPLICATE_CASES,
}
