"""Small invented reference tables, with which the valid claim has no finding.

Codes that a rule speaks about stand in no other test's claims, so that a table says nothing about them.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd


def _periods(*rows: Sequence[str | None], columns: Sequence[str]) -> pd.DataFrame:
    """Rows that end in a first and a last day (None: open)."""
    table = pd.DataFrame(rows, columns=[*columns, "starts_on", "ends_on"], dtype="object")
    for column in ("starts_on", "ends_on"):
        table[column] = pd.to_datetime(table[column]).astype("datetime64[s]")
    return table


_BILLABLE = [
    *("F411", "F331", "F4310", "F0280", "F54", "V031XXA", "W19XXXA", "X58XXXA", "Y929", "S93411S", "F3320S", "Z630"),
    *(f"A0{number}" for number in range(23)),
    *(f"A{number:02}" for number in range(10)),
    *(f"F{number:02}" for number in range(1, 13)),
]
_HEADINGS = ["F41", "F431"]

_PROCEDURES = [
    *("90785", "90791", "90792", "90832", "90833", "90834", "90836", "90837", "90838", "90839", "90840", "90845"),
    *("90846", "90847", "90849", "90853", "90863", "90899", "99213", "99214", "99417", "99499", "96130", "96131"),
    *("96136", "96137", "96138", "96139", "H0004", "H0031", "H0032", "H2019", "T1017", "T1015", "97153", "97155"),
]
_ROLES = {
    "individual": ["90832", "90834", "90837", "90845"],
    "individual_with_em": ["90833", "90836", "90838"],
    "family": ["90846", "90847"],
    "group": ["90849", "90853"],
    "crisis": ["90839"],
    "crisis_add_on": ["90840"],
    "evaluation": ["90791", "90792"],
    "interactive_complexity": ["90785"],
    "em": ["99213", "99214"],
}
_MINUTES = {"90832": 16, "90834": 38, "90837": 53, "90839": 30}
_MODIFIERS = [
    *("25", "59", "76", "93", "95", "AH", "AJ", "FQ", "GQ", "GT"),
    *("HM", "HN", "HO", "HP", "XE", "XP", "XS", "XU"),
]

TABLES: dict[str, pd.DataFrame] = {
    "payer_list": pd.DataFrame({"payer_code": ["60054", "SX107", "77950", "77951"]}),
    "timely_filing": pd.DataFrame({"payer_code": ["SX107"], "limit_days": [90]}),
    "payer_telehealth": pd.DataFrame(
        {
            "payer_code": ["SX107", "SX107", "SX107", "77951"],
            "telehealth": ["video", "video", "audio", "audio"],
            "modifier": ["95", "GT", "93", "95"],
        }
    ),
    "diagnosis_code": pd.concat(
        [
            _periods(*((code, None, None) for code in _BILLABLE), columns=["diagnosis_code"]).assign(is_billable=True),
            _periods(*((code, None, None) for code in _HEADINGS), columns=["diagnosis_code"]).assign(is_billable=False),
            _periods(
                ("F5081", "2024-10-01", "2026-11-22"),
                ("F50810", "2026-11-23", None),
                ("F50811", "2026-11-24", None),
                ("F50812", None, "2026-11-23"),
                columns=["diagnosis_code"],
            ).assign(is_billable=True),
        ],
        ignore_index=True,
    ),
    "procedure_code": _periods(
        *((code, None, None) for code in _PROCEDURES),
        ("H2033", "2026-11-23", "2026-11-23"),
        ("H2034", "2026-11-24", None),
        ("H2035", None, "2026-11-22"),
        columns=["procedure_code"],
    ),
    "modifier": pd.DataFrame({"modifier": _MODIFIERS}),
    "mue": _periods(
        ("T1017", 8, "1", None, None),
        ("H0032", 1, "2", "2026-11-23", None),
        ("H2019", 4, "3", None, None),
        ("97155", 0, "1", None, None),
        ("H0031", 1, "2", "2026-11-24", None),
        columns=["procedure_code", "unit_limit", "adjudication_indicator"],
    ),
    "ncci_pair": _periods(
        ("H0032", "H0031", "0", None, None),
        ("H2019", "T1017", "1", "2026-11-23", "2026-11-23"),
        ("H2019", "H0032", "1", "2026-11-24", None),
        ("97153", "H0032", "9", None, None),
        columns=["column_1_code", "column_2_code", "modifier_indicator"],
    ),
    "psychotherapy": pd.DataFrame(
        [(code, role) for role, codes in _ROLES.items() for code in codes], columns=["procedure_code", "role"]
    ),
    "psychotherapy_minutes": pd.DataFrame(_MINUTES.items(), columns=["procedure_code", "minimum_minutes"]),
    # The ZIP codes of the cases all lie in their first state; 806 lies in two.
    "state": pd.DataFrame(
        [("CO", "805"), ("CO", "806"), ("CO", "016"), ("WY", "806"), ("WY", "820"), ("GU", "969")],
        columns=["state_code", "postal_prefix"],
    ),
    "claim_filing": _periods(
        *((code, None, None) for code in ("CI", "BL", "MB", "MC", "16", "ZZ")),
        ("10", None, "2026-11-22"),
        ("17", "2026-11-23", None),
        ("15", "2026-11-24", None),
        columns=["claim_filing_code"],
    ),
    "taxonomy": pd.DataFrame({"taxonomy_code": ["101YM0800X", "261QM0801X", "1041C0700X", "2084P0800X"]}),
    "payer_license": pd.DataFrame({"payer_code": ["77950", "77950"], "license_type": ["LCSW", "LPC"]}),
    "payer_supervision": pd.DataFrame({"payer_code": ["77950"], "license_type": ["LAC"]}),
    "payer_enrollment": pd.DataFrame({"payer_code": ["77950", "77950"], "npi": ["1234567893", "1987654327"]}),
    "payer_authorization": pd.DataFrame(
        {"payer_code": ["77950", "77951"], "procedure_code": ["90837", None]}, dtype="object"
    ),
}
