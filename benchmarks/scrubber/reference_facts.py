"""The facts about the invented insurers and services, in the shape the scrubber's user-supplied tables have.

Consistent with every claim of `valid_claims`. Tables the project ships itself (diagnoses, places of service, states,
claim filing codes, modifiers, psychotherapy coding) are not here.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import pandas as pd

from benchmarks.scrubber.practices import GROUP_TAXONOMIES, PAYERS, PRACTICES, TAXONOMIES
from benchmarks.scrubber.valid_claims import FEES

# Source: CPT as CMS states it. 90801-90809 ended with 2012, 99201 with 2020, 99354 with 2022.
_ENDED_CODES: Final = {
    "90801": date(2012, 12, 31), "90806": date(2012, 12, 31), "96101": date(2018, 12, 31), "99201": date(2020, 12, 31),
    "99354": date(2022, 12, 31),
}  # fmt: skip
_FURTHER_CODES: Final = (
    "90845",
    "90849",
    "99202",
    "99203",
    "99205",
    "99212",
    "99417",
    "96116",
    "96132",
    "96133",
    "98966",
)

# In the shape of CMS's quarterly table, the numbers plausible and not copied; 2 and 3: per day, 1: per line.
_UNIT_LIMITS: Final = {
    "90791": (1, "3"), "90792": (1, "3"), "90832": (2, "3"), "90833": (2, "3"), "90834": (2, "3"), "90836": (2, "3"),
    "90837": (2, "3"), "90838": (2, "3"), "90839": (1, "2"), "90840": (4, "3"), "90846": (1, "3"), "90847": (1, "3"),
    "90853": (1, "3"), "90785": (3, "3"), "96130": (1, "2"), "96136": (1, "2"), "99213": (2, "3"), "99214": (2, "3"),
}  # fmt: skip

# Source: AAPC, Psychiatry Coding Alert on NCCI 20.3 (family in column 1, individual in column 2, modifier allowed);
# CPT's own exclusions for evaluations and crisis sessions.
_CODE_PAIRS: Final = (
    *((family, individual, "1") for family in ("90846", "90847") for individual in ("90832", "90834", "90837")),
    *(("90791", individual, "0") for individual in ("90832", "90834", "90837", "90839")),
    *(("90792", individual, "0") for individual in ("90832", "90834", "90837", "90839", "90791")),
    *(("90839", individual, "0") for individual in ("90832", "90834", "90837")),
    ("90791", "96116", "0"),
)


def reference_tables() -> dict[str, pd.DataFrame]:
    """All tables by name; one row per fact, days as `datetime64[s]` with NaT for open ends."""
    return {
        "payer_list": _texts(["payer_code"], [(payer.code,) for payer in PAYERS]),
        "timely_filing": _texts(["payer_code"], [(payer.code,) for payer in PAYERS]).assign(
            limit_days=pd.Series([payer.limit_days for payer in PAYERS], dtype="int64")
        ),
        "payer_authorization": _texts(
            ["payer_code", "procedure_code"],
            [(payer.code, code) for payer in PAYERS for code in payer.authorized_codes],
        ),
        "payer_license": _texts(
            ["payer_code", "license_type"], [(payer.code, license) for payer in PAYERS for license in payer.licenses]
        ),
        "payer_supervision": _texts(
            ["payer_code", "license_type"],
            [(payer.code, license) for payer in PAYERS for license in payer.supervised_licenses],
        ),
        "payer_enrollment": _texts(
            ["payer_code", "npi"],
            [(payer.code, practice.npi) for payer in PAYERS if payer.is_enrollment_checked for practice in PRACTICES],
        ),
        "payer_telehealth": _texts(
            ["payer_code", "telehealth", "modifier"],
            [
                (payer.code, kind, modifier)
                for payer in PAYERS
                if payer.has_telehealth
                for kind, modifier in (("video", payer.video_modifier), ("audio", payer.audio_modifier))
            ],
        ),
        "procedure_code": _dated(
            ["procedure_code"],
            [(code,) for code in sorted({*FEES, *_FURTHER_CODES, *_ENDED_CODES})],
            [_ENDED_CODES.get(code) for code in sorted({*FEES, *_FURTHER_CODES, *_ENDED_CODES})],
        ),
        "taxonomy": _texts(["taxonomy_code"], [(code,) for code in (*TAXONOMIES.values(), *GROUP_TAXONOMIES)]),
        "mue": _unit_limits(),
        "ncci_pair": _dated(["column_1_code", "column_2_code", "modifier_indicator"], list(_CODE_PAIRS), None),
    }


def _texts(columns: list[str], rows: list[tuple[str | None, ...]]) -> pd.DataFrame:
    return pd.DataFrame(
        {column: pd.Series([row[place] for row in rows], dtype="str") for place, column in enumerate(columns)}
    )


def _dated(columns: list[str], rows: list[tuple[str, ...]], ends: list[date | None] | None) -> pd.DataFrame:
    absent: list[date | None] = [None] * len(rows)
    frame = _texts(columns, list(rows))
    for column, days in (("starts_on", absent), ("ends_on", ends or absent)):
        frame[column] = pd.to_datetime(pd.Series(days, dtype="object")).astype("datetime64[s]")
    return frame


def _unit_limits() -> pd.DataFrame:
    frame = _dated(["procedure_code"], [(code,) for code in _UNIT_LIMITS], None)
    limits = list(_UNIT_LIMITS.values())
    frame.insert(1, "unit_limit", pd.Series([limit for limit, _ in limits], dtype="int64"))
    frame.insert(2, "adjudication_indicator", pd.Series([indicator for _, indicator in limits], dtype="str"))
    return frame
