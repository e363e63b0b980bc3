"""Cases of the edits on names, addresses and relationships of clients and policy holders. See `edit_cases`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from tests.unit.claims_scrubber.claim_sets import OTHER_HOLDER
from tests.unit.claims_scrubber.edit_cases import Case

_WHOLE = frozenset({0})
_CLEAN: frozenset[int] = frozenset()
_SELF: Mapping[str, object] = {}
#: Whose name or address it is: column prefix and a claim on which it counts.
_CLIENT = ("patient", _SELF)
_HOLDER = ("subscriber", OTHER_HOLDER)


def _as_others(prefix: str, columns: Mapping[str, object]) -> Case:
    return Case(
        "the client is the policy holder", _CLEAN, {f"{prefix}_{column}": value for column, value in columns.items()}
    )


def _unusual(prefix: str, base: Mapping[str, object]) -> list[Case]:
    return [
        Case("a digit", _WHOLE, {**base, f"{prefix}_last_name": "Sm1th"}, value="last name"),
        Case("a bracket", _WHOLE, {**base, f"{prefix}_first_name": "Robin (Rob)"}, value="first name"),
        Case("a comma", _WHOLE, {**base, f"{prefix}_last_name": "Sample, Jr"}),
        Case("a middle name of a digit", _WHOLE, {**base, f"{prefix}_middle_name": "3"}, value="middle name"),
        Case(
            "hyphen, apostrophe, space and full stop", _CLEAN, {**base, f"{prefix}_last_name": "O'Neil-De la Cruz Jr."}
        ),
        Case("accents and a typographic apostrophe", _CLEAN, {**base, f"{prefix}_last_name": "D\u2019Arás Nuñez"}),
        Case(
            "what no file can carry: another edit says so",
            _CLEAN,
            {**base, f"{prefix}_last_name": "Sm*th"},
            also=frozenset({("CHR01", 0)}),
        ),
    ]


def _placeholders(prefix: str, base: Mapping[str, object]) -> list[Case]:
    return [
        *(
            Case(name, _WHOLE, {**base, f"{prefix}_last_name": name}, value="last name")
            for name in ("UNKNOWN", "unknown", "Last Name", "Test Patient", "zzTest", "XXX", "TBD")
        ),
        Case(
            "not available",
            _WHOLE,
            {**base, f"{prefix}_first_name": "N/A"},
            also=frozenset({("NAM04" if prefix == "subscriber" else "NAM03", 0)}),
            value="first name",
        ),
        *(
            Case(f"{name} is a name", _CLEAN, {**base, f"{prefix}_last_name": name})
            for name in ("Unknowne", "Na", "None", "Lastname-Okafor", "Testa", "Xx")
        ),
    ]


def _uncarriable(prefix: str, base: Mapping[str, object], whose: str) -> list[Case]:
    return [
        *(
            Case(
                f"{mark} in a name",
                _WHOLE,
                {**base, f"{prefix}_last_name": f"Sam{mark}ple"},
                value=f"{whose} last name",
            )
            for mark in "*:^~\t"
        ),
        Case("another script", _WHOLE, {**base, f"{prefix}_first_name": "Иван"}, value=f"{whose} first name"),
        Case("an at sign in a street", _WHOLE, {**base, f"{prefix}_address_1": "12 @ Willow"}, value=f"{whose} street"),
        Case("a tilde in a city", _WHOLE, {**base, f"{prefix}_city": "Fort~Example"}, value=f"{whose} city"),
        Case("a number sign in a street is written out", _CLEAN, {**base, f"{prefix}_address_2": "Apt #4"}),
        Case("accents are folded", _CLEAN, {**base, f"{prefix}_city": "San José"}),
    ]


def _too_long(prefix: str, base: Mapping[str, object], whose: str) -> list[Case]:
    lengths = {
        "last name": ("last_name", 60),
        "first name": ("first_name", 35),
        "middle name": ("middle_name", 25),
        "street": ("address_1", 55),
        "second address line": ("address_2", 55),
        "city": ("city", 30),
    }
    return [
        Case(
            f"{word} of {size} letters",
            _WHOLE if size > limit else _CLEAN,
            {**base, f"{prefix}_{column}": "A" * size},
            value=f"{whose} {word}" if size > limit else None,
        )
        for word, (column, limit) in lengths.items()
        for size in (limit, limit + 1)
    ] + [
        Case("spaces do not count", _CLEAN, {**base, f"{prefix}_city": "Fort" + " " * 30 + "Example"}),
    ]


def _states(prefix: str, base: Mapping[str, object]) -> list[Case]:
    column = f"{prefix}_state_code"
    return [
        Case("no state", _WHOLE, {**base, column: "XX"}, value="XX"),
        Case("written out", _WHOLE, {**base, column: "Colorado"}),
        Case("a province", _WHOLE, {**base, column: "ON"}),
        Case("small letters", _CLEAN, {**base, column: "co"}),
        Case(
            "a territory", _CLEAN, {**base, column: "GU", f"{prefix}_postal_code": "96910" + "1234" * (prefix in _NINE)}
        ),
    ]


_NINE = ("billing", "facility")


def _misshapen(prefix: str, base: Mapping[str, object]) -> list[Case]:
    column = f"{prefix}_postal_code"
    return [
        Case("four digits", _WHOLE, {**base, column: "8052"}, value="8052"),
        Case("six digits", _WHOLE, {**base, column: "805211"}),
        Case("nothing but a hyphen", _WHOLE, {**base, column: "-"}),
        Case("a hyphen and eight digits", _WHOLE, {**base, column: "80521-123"}),
        Case("a hyphen and nine digits: the writer takes it out", _CLEAN, {**base, column: "80521-1234"}),
        Case("letters", _WHOLE, {**base, column: "K1A0B"}),
        Case("digits of another script", _WHOLE, {**base, column: "٨٠٥٢١"}),
        Case("zeros", _WHOLE, {**base, column: "00000"}),
        Case("nines", _WHOLE, {**base, column: "99999"}),
        Case("five digits", _CLEAN, {**base, column: "80521"}),
        Case("nine digits", _CLEAN, {**base, column: "805211234"}),
    ]


def elsewhere(prefix: str, base: Mapping[str, object]) -> list[Case]:
    """ZIP codes in and out of their state; also those of the practice."""
    column, tail = f"{prefix}_postal_code", "1234" if prefix in _NINE else ""
    return [
        Case("of another state", _WHOLE, {**base, column: "82001" + tail}, value="82001" + tail),
        Case("of another state with a hyphen", _WHOLE, {**base, column: "82001-1234"}),
        Case("of the state with a hyphen", _CLEAN, {**base, column: "80599-1234"}),
        Case("of no state", _WHOLE, {**base, column: "12345" + tail}),
        Case("of the state", _CLEAN, {**base, column: "80599" + tail}),
        Case("of both states", _CLEAN, {**base, column: "80601" + tail, f"{prefix}_state_code": "WY"}),
        Case(
            "of an unknown state: another edit says so",
            _CLEAN,
            {**base, f"{prefix}_state_code": "XX"},
            also=frozenset(
                {({"patient": "ADR03", "subscriber": "ADR04", "billing": "ADR05", "facility": "ADR06"}[prefix], 0)}
            ),
        ),
    ]


def states(prefix: str) -> list[Case]:
    """State codes of the practice's places."""
    return _states(prefix, {})


_KIN: Mapping[str, object] = {**OTHER_HOLDER, "relationship": "other"}
_TWIN: Mapping[str, object] = {
    **_KIN,
    "subscriber_last_name": "Example",
    "subscriber_first_name": "Robin",
    "subscriber_birth_on": date(1990, 4, 2),
}

CASES: Mapping[str, Sequence[Case]] = {
    "NAM03": _unusual(*_CLIENT),
    "NAM04": [*_unusual(*_HOLDER), _as_others("subscriber", {"last_name": "Sm1th"})],
    "NAM05": _placeholders(*_CLIENT),
    "NAM06": [*_placeholders(*_HOLDER), _as_others("subscriber", {"last_name": "UNKNOWN"})],
    "NAM07": [
        Case("last name", _WHOLE, {"patient_last_name": "Test"}, value="last name"),
        Case("first name in capitals", _WHOLE, {"patient_first_name": "TEST "}, value="first name"),
        Case("a longer name", _CLEAN, {"patient_last_name": "Teston"}),
    ],
    "CHR01": [
        *_uncarriable(*_CLIENT, "client's"),
        *_uncarriable(*_HOLDER, "policy holder's"),
        _as_others("subscriber", {"last_name": "Sam*ple"}),
    ],
    "LEN01": [
        *_too_long(*_CLIENT, "client's"),
        *_too_long(*_HOLDER, "policy holder's"),
        _as_others("subscriber", {"city": "A" * 31}),
    ],
    "ADR03": _states(*_CLIENT),
    "ADR04": [*_states(*_HOLDER), _as_others("subscriber", {"state_code": "XX"})],
    "ADR13": [
        Case("street unknown", _WHOLE, {"patient_address_1": "Unknown"}, value="street"),
        Case("city not given", _WHOLE, {"patient_city": "N/A"}, value="city"),
        Case("none", _WHOLE, {"patient_address_1": "NONE"}),
        Case("homeless is an answer", _CLEAN, {"patient_address_1": "HOMELESS"}),
        Case("general delivery is an address", _CLEAN, {"patient_address_1": "General Delivery"}),
        Case("Unknown Road", _CLEAN, {"patient_address_1": "1 Unknown Road"}),
    ],
    "ZIP03": _misshapen(*_CLIENT),
    "ZIP04": [*_misshapen(*_HOLDER), _as_others("subscriber", {"postal_code": "0"})],
    "ZIP05": elsewhere(*_CLIENT),
    "ZIP06": [*elsewhere(*_HOLDER), _as_others("subscriber", {"postal_code": "82001"})],
    "REL01": [
        Case("missing", _WHOLE, {**OTHER_HOLDER, "relationship": None}),
        Case("another word", _WHOLE, {**OTHER_HOLDER, "relationship": "cousin"}, value="cousin"),
        *(Case(word, _CLEAN, {**_KIN, "relationship": word}) for word in ("child", "other")),
        Case("spouse", _CLEAN, {**_KIN, "relationship": "spouse"}),
        Case("self", _CLEAN, {}),
        Case(
            "no policy: other edits say so",
            _CLEAN,
            dict.fromkeys(["policy_id", "relationship"]),
            also=frozenset({("COV01", 1), ("COV01", 2)}),
        ),
    ],
    "REL02": [
        Case("same name and birth date", _WHOLE, _TWIN, value="other"),
        Case("in other letters", _WHOLE, {**_TWIN, "subscriber_last_name": "EXAMPLE "}),
        Case("another first name", _CLEAN, {**_TWIN, "subscriber_first_name": "Rob"}),
        Case("another last name", _CLEAN, {**_TWIN, "subscriber_last_name": "Sample"}),
        Case("born on another day", _CLEAN, {**_TWIN, "subscriber_birth_on": date(1962, 4, 2)}),
        Case(
            "no first names: other edits say so",
            _CLEAN,
            {**_TWIN, "subscriber_first_name": None, "patient_first_name": None},
            also=frozenset({("NAM01", 0), ("NAM02", 0)}),
        ),
        Case("the client is the policy holder", _CLEAN, {}),
    ],
    "REL03": [
        Case("older than the policy holder", _WHOLE, {**OTHER_HOLDER, "patient_birth_on": date(1950, 1, 1)}),
        Case("of one age", _WHOLE, {**OTHER_HOLDER, "patient_birth_on": date(1962, 8, 30)}),
        Case("eleven years younger", _WHOLE, {**OTHER_HOLDER, "patient_birth_on": date(1973, 8, 30)}),
        Case("twelve years younger", _CLEAN, {**OTHER_HOLDER, "patient_birth_on": date(1974, 8, 30)}),
        Case("not a child", _CLEAN, {**_KIN, "patient_birth_on": date(1950, 1, 1)}),
    ],
    "REL04": [
        Case("a child", _WHOLE, {**_KIN, "relationship": "spouse", "patient_birth_on": date(2012, 11, 29)}),
        Case("the policy holder", _WHOLE, {**_KIN, "relationship": "spouse", "subscriber_birth_on": date(2020, 1, 1)}),
        Case("fourteen", _CLEAN, {**_KIN, "relationship": "spouse", "patient_birth_on": date(2012, 11, 28)}),
        Case("a young relative", _CLEAN, {**_KIN, "patient_birth_on": date(2020, 1, 1)}),
    ],
}
