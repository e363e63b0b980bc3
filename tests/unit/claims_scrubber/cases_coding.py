"""Cases of the edits on psychotherapy coding, pairs and units of the day, and telehealth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from tests.unit.claims_scrubber.cases_services import Line, coded
from tests.unit.claims_scrubber.claim_sets import SOLO
from tests.unit.claims_scrubber.edit_cases import Case

_CLEAN: frozenset[int] = frozenset()
_FIRST = frozenset({1})
_SECOND = frozenset({2})
_BOTH = frozenset({1, 2})
_WHOLE = frozenset({0})
_VOID = {"frequency_code": "8", "payer_claim_control_number": "8123"}
_LATER = date(2026, 11, 24)
_BESIDE_CRISIS = frozenset({("PSY03", 1)})


def _units(code: str, count: int | None) -> Line:
    return {"procedure_code": code, "unit_count": count}


def _modified(code: str, *modifiers: str) -> dict[str, object]:
    return {
        "procedure_code": code,
        **{f"modifier_{place}": modifier for place, modifier in enumerate(modifiers, start=1)},
    }


def _evaluated(name: str, lines_found: frozenset[int], prior: date | None, service_on: date, **more: object) -> Case:
    line = {"procedure_code": "90791", "service_on": service_on}
    claim = {"prior_evaluation_on": prior, "policy_starts_on": None, **more}
    return coded(name, lines_found, line, claim=claim)


PSYCHOTHERAPY_CASES: Mapping[str, Sequence[Case]] = {
    "PSY01": [
        coded("alone", _FIRST, "90785", value="90785"),
        coded("beside family psychotherapy", _SECOND, "90847", "90785"),
        coded("beside crisis psychotherapy", _SECOND, "90839", "90785"),
        coded("its session is on another day", _SECOND, "90837", {"procedure_code": "90785", "service_on": _LATER}),
        *(coded(f"beside {code}", _CLEAN, "90785", code)
          for code in ("90791", "90792", "90832", "90834", "90837", "90853")),
        coded("beside a session and its visit", _CLEAN, "99213", "90833", "90785"),
        coded("its session is on another claim", _CLEAN, "90785", beside=["90834"]),
        coded("a void", _CLEAN, "90785", claim=_VOID),
    ],
    "PSY02": [
        *(coded(f"{code} alone", _FIRST, code, value=code) for code in ("90833", "90836", "90838")),
        coded("the visit is on another day", _FIRST, "90833", {"procedure_code": "99213", "service_on": _LATER}),
        coded("with the visit", _CLEAN, "99213", "90833"),
        coded("the visit is on another claim", _CLEAN, "90836", beside=["99214"]),
        coded("a visit that the roles do not name", _CLEAN, "90838", "99499", also=frozenset({("PRC03", 2)})),
        coded("a visit under a HCPCS code", _CLEAN, "90838", "T1015"),
        coded("a prolonged visit is no visit", _FIRST, "90833", "99417", also=frozenset({("PSY17", 2)})),
        coded("a void", _CLEAN, "90833", claim=_VOID),
    ],
    "PSY03": [
        *(coded(f"{code} and 90839", _FIRST, code, "90839", value=code) for code in ("90832", "90834", "90837")),
        coded("both codes of crisis", _FIRST, "90837", "90839", "90840"),
        coded("crisis on another claim", _FIRST, "90834", beside=["90839"]),
        coded("crisis on another day", _CLEAN, "90834", {"procedure_code": "90839", "service_on": _LATER}),
        coded("crisis alone", _CLEAN, "90839", "90840"),
        coded("a void", _CLEAN, "90837", "90839", claim=_VOID),
    ],
    "PSY04": [
        coded("two units", _FIRST, _units("90839", 2), value="90839"),
        coded("two lines", _BOTH, "90839", _modified("90839", "76")),
        coded("a second one on another claim", _FIRST, "90839", beside=[_modified("90839", "76")]),
        coded("one unit", _CLEAN, "90839"),
        coded("further half hours", _CLEAN, "90839", _units("90840", 2)),
        coded("one on each of two days", _CLEAN, "90839", {"procedure_code": "90839", "service_on": _LATER}),
        coded("units missing: another edit says so", _CLEAN, _units("90839", None), also=frozenset({("UNI01", 1)})),
        coded("a void", _CLEAN, _units("90839", 2), claim=_VOID),
    ],
    "PSY05": [
        coded("alone", _FIRST, "90840", value="90840"),
        coded("the first hour on another day", _SECOND, "90839", {"procedure_code": "90840", "service_on": _LATER}),
        coded("with the first hour", _CLEAN, "90839", "90840"),
        coded("the first hour on another claim", _CLEAN, "90840", beside=["90839"]),
    ],
    "PSY06": [
        *(coded(f"{code} and a visit", _FIRST, code, "99213", value=code) for code in ("90791", "90792")),
        coded("the visit on another claim", _FIRST, "90792", beside=["99214"]),
        coded("the visit on another day", _CLEAN, "90792", {"procedure_code": "99213", "service_on": _LATER}),
        coded("alone", _CLEAN, "90792"),
        coded("a void", _CLEAN, "90792", "99213", claim=_VOID),
    ],
    "PSY07": [
        coded("with crisis", _FIRST, "90791", "90839", value="90791"),
        coded("crisis on another claim", _FIRST, "90792", beside=["90839"]),
        coded("crisis on another day", _CLEAN, "90791", {"procedure_code": "90839", "service_on": _LATER}),
    ],
    "PSY08": [
        coded("both", _BOTH, "90834", "90847"),
        coded("without the client", _BOTH, "90834", "90846"),
        coded("the family on another claim", _FIRST, "90834", beside=["90847"]),
        coded("added to a visit", frozenset({2, 3}), "99213", "90833", "90847"),
        coded("another modifier", _BOTH, "90834", _modified("90847", "HO")),
        coded("separate by 59", _CLEAN, "90834", _modified("90847", "59")),
        coded("separate by XE on the session", _CLEAN, _modified("90834", "HO", "XE"), "90847"),
        coded("separate by what the other claim says", _CLEAN, "90834", beside=[_modified("90847", "XU")]),
        coded("on two days", _CLEAN, "90834", {"procedure_code": "90847", "service_on": _LATER}),
        coded("family alone", _CLEAN, "90847"),
        coded("a void", _CLEAN, "90834", "90847", claim=_VOID),
    ],
    "PSY09": [
        *(
            case
            for code, minutes in (("90832", 16), ("90834", 38), ("90837", 53))
            for case in (
                coded(f"{code} a minute short", _FIRST, code, claim={"session_minutes": minutes - 1}, value=code),
                coded(f"{code} long enough", _CLEAN, code, claim={"session_minutes": minutes}),
            )
        ),
        coded("length not known", _CLEAN, "90837"),
        coded("a code without a least time", _CLEAN, "90853", claim={"session_minutes": 5}),
        coded("a void", _CLEAN, "90837", claim={**_VOID, "session_minutes": 5}),
    ],
    "PSY10": [
        _evaluated("the day before six months are over", _FIRST, date(2026, 5, 20), date(2026, 11, 19)),
        _evaluated("six months to the day", _CLEAN, date(2026, 5, 20), date(2026, 11, 20)),
        _evaluated("from the end of August, a day early", _FIRST, date(2025, 8, 31), date(2026, 2, 27)),
        _evaluated("from the end of August, on the last of February", _CLEAN, date(2025, 8, 31), date(2026, 2, 28)),
        _evaluated("last week", _FIRST, date(2026, 11, 16), date(2026, 11, 23)),
        _evaluated("none before", _CLEAN, None, date(2026, 11, 23)),
        _evaluated("a void", _CLEAN, date(2026, 11, 16), date(2026, 11, 23), **_VOID),
        coded("no evaluation today", _CLEAN, "90837", claim={"prior_evaluation_on": date(2026, 11, 16)}),
    ],
    "PSY11": [
        *(coded(f"{code} beside a visit", _FIRST, code, "99213", value=code) for code in ("90832", "90834", "90837")),
        coded("the visit on another claim", _FIRST, "90834", beside=["99213"]),
        coded("the added form", _CLEAN, "90836", "99213"),
        coded("psychoanalysis has none", _CLEAN, "90845", "99213"),
        coded("no visit", _CLEAN, "90837"),
    ],
    "PSY12": [
        coded("an evaluation and a session", _FIRST, "90791", "90834", value="90791"),
        coded("the session on another claim", _FIRST, "90792", beside=["90832"]),
        coded("on two days", _CLEAN, "90791", {"procedure_code": "90834", "service_on": _LATER}),
        coded("with group psychotherapy", _CLEAN, "90791", "90853"),
    ],
    "PSY13": [
        coded("two codes", _BOTH, "90832", "90834"),
        coded("two units", _FIRST, _units("90837", 2), value="90837"),
        coded("the second on another claim", _FIRST, "90834", beside=["90837"]),
        coded("on two days", _CLEAN, "90834", {"procedure_code": "90837", "service_on": _LATER}),
        coded("one", _CLEAN, "90837"),
        coded("a void", _CLEAN, _units("90837", 2), claim=_VOID),
    ],
    "PSY14": [
        *(coded(f"{code} twice", _FIRST, _units(code, 2), value="2") for code in ("90853", "90847", "90791")),
        coded("once", _CLEAN, _units("90853", 1)),
        coded("other services are counted", _CLEAN, _units("97153", 12)),
        coded("a void", _CLEAN, _units("90853", 2), claim=_VOID),
    ],
    "PSY15": [
        coded("both", _FIRST, "90846", "90847", value="90846"),
        coded("one of them on another claim", _FIRST, "90846", beside=["90847"]),
        coded("on two days", _CLEAN, "90846", {"procedure_code": "90847", "service_on": _LATER}),
        coded("one", _CLEAN, "90846"),
    ],
    "PSY16": [
        coded("alone", _FIRST, "90863", value="90863"),
        coded("beside group psychotherapy", _SECOND, "90853", "90863"),
        coded("beside a session", _CLEAN, "90834", "90863"),
        coded("the session on another claim", _CLEAN, "90863", beside=["90837"]),
    ],
    "PSY17": [
        coded("alone", _FIRST, "99417", value="99417"),
        coded("to lengthen psychotherapy", _SECOND, "90837", "99417"),
        coded("with a visit", _CLEAN, "99214", "99417"),
        coded("the visit on another claim", _CLEAN, "99417", beside=["99214"]),
    ],
    "ADD01": [
        coded("alone", _FIRST, "96131", value="96131"),
        coded("beside the first hour of another test", _SECOND, "96136", "96131"),
        coded("a day after the first hour", _SECOND, "96130", {"procedure_code": "96131", "service_on": _LATER}),
        coded("with the first hour", _CLEAN, "96130", "96131"),
        coded("the first hour on another claim", _CLEAN, "96131", beside=["96130"]),
        coded("a technician goes on", _CLEAN, "96136", "96139"),
        coded("a void", _CLEAN, "96131", claim=_VOID),
    ],
}  # fmt: skip

_TWICE = [_units("H0032", 1), _modified("H0032", "76")]
TABLE_CASES: Mapping[str, Sequence[Case]] = {
    "MUE01": [
        coded("nine units", _FIRST, _units("T1017", 9), value="9"),
        coded("eight units", _CLEAN, _units("T1017", 8)),
        coded("eight on each of two lines", _CLEAN, _units("T1017", 8), {**_modified("T1017", "76"), "unit_count": 8}),
        coded("a limit of none", _FIRST, "97155"),
        coded("a void", _CLEAN, _units("T1017", 9), claim=_VOID),
    ],
    "MUE02": [
        coded("two units", _FIRST, _units("H0032", 2), value="2"),
        coded("two lines", _BOTH, *_TWICE),
        coded("the second on another claim", _FIRST, "H0032", beside=[_modified("H0032", "76")]),
        coded("one unit", _CLEAN, "H0032"),
        coded("on two days", _CLEAN, "H0032", {"procedure_code": "H0032", "service_on": _LATER}),
        coded("before the limit is in force", _CLEAN, {**_modified("H0032"), "unit_count": 2,
                                                       "service_on": date(2026, 11, 22)}),
        coded("the day before another limit", _CLEAN, _units("H0031", 2)),
        coded("a void", _CLEAN, _units("H0032", 2), claim=_VOID),
    ],
    "MUE03": [
        coded("five units", _FIRST, _units("H2019", 5), value="5"),
        coded("five in two lines", _BOTH, _units("H2019", 3), {**_modified("H2019", "76"), "unit_count": 2}),
        coded("two more on another claim", _FIRST, _units("H2019", 3), beside=[{**_modified("H2019", "76"),
                                                                                "unit_count": 2}]),
        coded("four units", _CLEAN, _units("H2019", 4)),
    ],
    "NCC01": [
        coded("second code first", _FIRST, "H0031", "H0032", value="H0031"),
        coded("first code first", _SECOND, "H0032", "H0031"),
        coded("a modifier does not help", _SECOND, "H0032", _modified("H0031", "59")),
        coded("the second code on another claim", _FIRST, "H0032", beside=["H0031"], value="H0032"),
        coded("the first code on another claim", _FIRST, "H0031", beside=["H0032"], value="H0031"),
        coded("on two days", _CLEAN, "H0032", {"procedure_code": "H0031", "service_on": _LATER}),
        coded("one of them", _CLEAN, "H0031", "90837"),
        coded("a pair that is no longer one", _CLEAN, "97153", "H0032"),
        coded("a void", _CLEAN, "H0031", "H0032", claim=_VOID),
    ],
    "NCC02": [
        coded("no modifier", _SECOND, "H2019", "T1017", value="T1017"),
        coded("a modifier that says something else", _SECOND, "H2019", _modified("T1017", "HO")),
        coded("on another claim", _FIRST, "T1017", beside=["H2019"]),
        coded("three lines apart", frozenset({3}), "H2019", "90837", "T1017"),
        *(coded(f"{one} on the second code", _CLEAN, "H2019", _modified("T1017", one))
          for one in ("59", "XE", "XP", "XS", "XU", "25")),
        coded("59 on the first code", _CLEAN, _modified("H2019", "59"), "T1017"),
        coded("59 on the other claim", _CLEAN, "T1017", beside=[_modified("H2019", "HO", "59")]),
        coded("a day after it ended", _CLEAN, {"procedure_code": "H2019", "service_on": _LATER},
              {"procedure_code": "T1017", "service_on": _LATER}),
        coded("a day before it begins", _CLEAN, "H2019", "H0032"),
        coded("the day it begins", _SECOND, {"procedure_code": "H2019", "service_on": _LATER},
              {"procedure_code": "H0032", "service_on": _LATER}),
    ],
}  # fmt: skip

_VIDEO = {"telehealth": "video", "place_of_service_code": "10"}
_AUDIO = {"telehealth": "audio", "place_of_service_code": "10"}
_ASKED = {"payer_code": "SX107"}
TELEHEALTH_CASES: Mapping[str, Sequence[Case]] = {
    "TLH01": [
        coded("video at the office's place", _WHOLE, "90837", claim={**_VIDEO, "place_of_service_code": "11"},
              value="11"),
        coded("telephone at the office's place", _WHOLE, "90837", claim={**_AUDIO, "place_of_service_code": "11"}),
        coded("at home", _CLEAN, "90837", claim=_VIDEO),
        coded("elsewhere", _CLEAN, "90837", claim={**_VIDEO, "place_of_service_code": "02"}),
        coded("in person", _CLEAN, "90837"),
        coded("no place: another edit says so", _CLEAN, "90837", claim={**_VIDEO, "place_of_service_code": None},
              also=frozenset({("POS01", 0)})),
        coded("a void", _CLEAN, "90837", claim={**_VIDEO, **_VOID, "place_of_service_code": "11"}),
    ],
    "TLH02": [
        coded("video without", _FIRST, "90837", claim={**_VIDEO, **_ASKED}),
        coded("telephone without", _FIRST, _modified("90837", "HO"), claim={**_AUDIO, **_ASKED}, value="HO"),
        coded("one of two lines", _SECOND, _modified("90837", "95"), "90785", claim={**_VIDEO, **_ASKED}),
        coded("video with 95", _CLEAN, _modified("90837", "HO", "95"), claim={**_VIDEO, **_ASKED}),
        coded("video with GT, asked for as well", _CLEAN, _modified("90837", "GT"), claim={**_VIDEO, **_ASKED}),
        coded("telephone with 93", _CLEAN, _modified("90837", "93"), claim={**_AUDIO, **_ASKED}),
        coded("an insurer that asks for none", _CLEAN, "90837", claim=_VIDEO),
        coded("in person", _CLEAN, "90837", claim=_ASKED),
        coded("a void", _CLEAN, "90837", claim={**_VIDEO, **_ASKED, **_VOID}),
    ],
    "TLH03": [
        *(coded(f"{one} by telephone", _FIRST, _modified("90837", one), claim=_AUDIO, value=one)
          for one in ("95", "GT")),
        *(coded(f"{one} by video", _FIRST, _modified("90837", one), claim=_VIDEO) for one in ("93", "FQ")),
        coded("95 by telephone, and the insurer asks for another", _FIRST, _modified("90837", "95"),
              claim={**_AUDIO, **_ASKED}, also=frozenset({("TLH02", 1)})),
        coded("95 by telephone, which the insurer asks for", _CLEAN, _modified("90837", "95"),
              claim={**_AUDIO, "payer_code": "77951", "authorization_number": "A1"}),
        coded("95 by video", _CLEAN, _modified("90837", "95"), claim=_VIDEO),
        coded("93 by telephone", _CLEAN, _modified("90837", "93"), claim=_AUDIO),
        coded("both: another edit says so", _CLEAN, _modified("90837", "93", "95"), claim=_VIDEO,
              also=frozenset({("TLH06", 1)})),
        coded("a void", _CLEAN, _modified("90837", "93"), claim={**_VIDEO, **_VOID}),
    ],
    "TLH04": [
        *(coded(place, _WHOLE, "90837", claim={"place_of_service_code": place}, value=place) for place in ("02", "10")),
        coded("the client's home in person", _CLEAN, "90837", claim={"place_of_service_code": "12"}),
        coded("marked", _CLEAN, "90837", claim=_AUDIO),
        coded("a void", _CLEAN, "90837", claim={**_VOID, "place_of_service_code": "10"}),
    ],
    "TLH05": [
        *(coded(one, _FIRST, _modified("90837", one), value=one) for one in ("93", "95", "FQ", "GQ", "GT")),
        coded("another modifier", _CLEAN, _modified("90837", "HO")),
        coded("marked", _CLEAN, _modified("90837", "95"), claim=_VIDEO),
        coded("the place says it: another edit speaks", _CLEAN, _modified("90837", "95"),
              claim={"place_of_service_code": "02"}, also=frozenset({("TLH04", 0)})),
        coded("a void", _CLEAN, _modified("90837", "95"), claim=_VOID),
    ],
    "TLH06": [
        *(coded(f"{one} and {other}", _FIRST, _modified("90837", one, other), claim=_VIDEO)
          for one in ("93", "FQ") for other in ("95", "GT")),
        coded("on two lines", _CLEAN, _modified("90837", "95"), _modified("H0004", "HO"), claim=_VIDEO),
        coded("93 with FQ", _CLEAN, _modified("90837", "93", "FQ"), claim=_AUDIO),
    ],
    "TLH07": [
        coded("95 and GT", _FIRST, _modified("90837", "95", "GT"), claim=_VIDEO, value="95:GT"),
        coded("GQ and 95", _FIRST, _modified("90837", "GQ", "95"), claim=_VIDEO),
        coded("one", _CLEAN, _modified("90837", "95", "HO"), claim=_VIDEO),
        coded("on two lines", _CLEAN, _modified("90837", "95"), _modified("90785", "GT"), claim=_VIDEO),
    ],
}  # fmt: skip

_COUNSELOR = {"rendering_taxonomy_code": "101YM0800X"}
QUALIFICATION_CASES: Mapping[str, Sequence[Case]] = {
    "LIC03": [
        coded("a visit by a counselor", _FIRST, "99213", claim=_COUNSELOR, value="99213"),
        coded(
            "an evaluation with medical services by a counselor",
            _SECOND,
            "90837",
            "90792",
            claim=_COUNSELOR,
            also=frozenset({("PSY12", 2)}),
        ),
        *(
            coded(
                f"a visit by {taxonomy}",
                _FIRST,
                "99214",
                claim={"rendering_taxonomy_code": taxonomy},
                also=frozenset({("TXN04", 0)}),
            )
            for taxonomy in ("103TC0700X", "104100000X", "106H00000X")
        ),
        coded("a person who bills alone", _FIRST, "99213", claim=SOLO),
        coded("a psychiatrist", _CLEAN, "99213", claim={"rendering_taxonomy_code": "2084P0800X"}),
        coded(
            "a nurse practitioner",
            _CLEAN,
            "90792",
            claim={"rendering_taxonomy_code": "363LP0808X"},
            also=frozenset({("TXN04", 0)}),
        ),
        coded(
            "a psychologist who prescribes",
            _CLEAN,
            "99213",
            claim={"rendering_taxonomy_code": "103TP0016X"},
            also=frozenset({("TXN04", 0)}),
        ),
        coded("no taxonomy", _CLEAN, "99213", claim={"rendering_taxonomy_code": None}),
        coded("an evaluation by a counselor", _CLEAN, "90791", claim=_COUNSELOR),
        coded(
            "a person who prescribes and bills alone",
            _CLEAN,
            "99213",
            claim={**SOLO, "billing_taxonomy_code": "2084P0800X"},
        ),
        coded("the visit is on another claim", _CLEAN, "90833", claim=_COUNSELOR, beside=["99213"]),
        coded("a void", _CLEAN, "99213", claim={**_COUNSELOR, **_VOID}),
    ],
}

CASES: Mapping[str, Sequence[Case]] = {
    **PSYCHOTHERAPY_CASES,
    **TABLE_CASES,
    **TELEHEALTH_CASES,
    **QUALIFICATION_CASES,
}
