"""Look-ups in the reference tables by code and day, and what a scrub says where a table is absent or out of date."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pytest

from include.claims_scrubber import REFERENCE_KEYS, REFERENCE_TABLES, References, Release, catalogue, scrub
from include.claims_scrubber.catalogue import Edit, Grain
from include.claims_scrubber.context import Hits, ScrubContext, hits
from tests.unit.claims_scrubber.claim_sets import NIGHT, ClaimChange, claim_set, claims_of

_PLACES = pd.DataFrame(
    {
        "place_of_service_code": ["02", "10", "35", "35"],
        "starts_on": pd.to_datetime(["2017-01-01", "2022-01-01", None, "2025-06-01"]).astype("datetime64[s]"),
        "ends_on": pd.to_datetime([None, None, "2025-01-31", None]).astype("datetime64[s]"),
    }
)


def _days(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(pd.Series(texts, dtype="object"))).astype("datetime64[s]")


def _places(covers_from: date | None = None, covers_to: date | None = None) -> References:
    return References(
        {"place_of_service": _PLACES}, {"place_of_service": Release("1", "a" * 64, covers_from, covers_to)}
    )


def test_every_table_has_a_key_among_its_columns() -> None:
    assert set(REFERENCE_KEYS) == set(REFERENCE_TABLES)
    for name, key in REFERENCE_KEYS.items():
        assert set(key) <= set(REFERENCE_TABLES[name]), name
        assert ("starts_on" in REFERENCE_TABLES[name]) == ("ends_on" in REFERENCE_TABLES[name])


@pytest.mark.parametrize("kind", ["str", "object", "category"])
def test_a_code_is_in_force_from_its_first_to_its_last_day(kind: str) -> None:
    codes = pd.Series(["10", "10", "35", "35", "35", "35", "02"]).astype(kind)
    days = _days("2021-12-31", "2022-01-01", "2025-01-31", "2025-02-01", "2025-05-31", "2025-06-01", "2026-11-02")
    found = _places().in_force("place_of_service", codes, days)
    assert found.tolist() == [False, True, True, False, False, True, True]


def test_unknown_and_missing_codes_are_never_in_force() -> None:
    codes = pd.Series(["99", None, "10"], dtype="str")
    assert _places().in_force("place_of_service", codes, _days(*["2026-01-01"] * 3)).tolist() == [False, False, True]


def test_where_there_is_no_day_any_period_counts() -> None:
    codes = pd.Series(["35", "10", "99"])
    assert _places().in_force("place_of_service", codes).tolist() == [True, True, False]
    days = _days(None, "2021-12-31", None)
    assert _places().in_force("place_of_service", codes, days).tolist() == [True, False, False]


def test_the_row_in_force_is_named_by_its_position() -> None:
    codes = pd.Series(["35", "35", "35", "02"])
    days = _days("2025-01-31", "2025-03-01", "2025-06-01", "2026-01-01")
    assert _places().rows_in_force("place_of_service", codes, days).tolist() == [2, -1, 3, 0]


def test_a_key_of_two_columns_is_looked_up_by_both() -> None:
    table = pd.DataFrame({"payer_code": ["A", "B", "B"], "procedure_code": [None, "90837", "90834"]})
    references = References({"payer_authorization": table})
    payers = pd.Series(["A", "B", "B", "A", "B"])
    procedures = pd.Series([None, "90834", None, "90837", "90837"], dtype="str")
    assert references.rows_in_force("payer_authorization", [payers, procedures]).tolist() == [0, 2, -1, -1, 1]
    with pytest.raises(ValueError, match="payer_code, procedure_code"):
        references.in_force("payer_authorization", payers)


def test_look_ups_agree_with_a_plain_loop() -> None:
    random = np.random.default_rng(7)
    letters = list("ABCDEF")
    starts = pd.Series(np.datetime64("2026-01-01", "s") + random.integers(0, 200, 12).astype("timedelta64[D]"))
    ends = starts + pd.to_timedelta(random.integers(0, 60, 12), unit="D")
    table = pd.DataFrame({"procedure_code": random.choice(letters[:5], 12), "starts_on": starts, "ends_on": ends})
    table.loc[0, "starts_on"] = pd.NaT
    table.loc[1, "ends_on"] = pd.NaT
    codes = pd.Series(random.choice(letters, 400))
    days = pd.Series(np.datetime64("2025-12-20", "s") + random.integers(0, 300, 400).astype("timedelta64[D]"))
    found = References({"procedure_code": table}).in_force("procedure_code", codes, days)

    def is_in_force(code: str, day: pd.Timestamp) -> bool:
        return any(
            row.procedure_code == code
            and (pd.isna(row.starts_on) or row.starts_on <= day)
            and (pd.isna(row.ends_on) or day <= row.ends_on)
            for row in table.itertuples()
        )

    expected = [is_in_force(code, day) for code, day in zip(codes, days, strict=True)]
    assert 0 < sum(expected) < 400
    assert found.tolist() == expected


def test_no_keys_give_no_answers() -> None:
    empty = pd.Series(dtype="str")
    assert _places().in_force("place_of_service", empty, _days()).tolist() == []


def test_a_table_covers_its_first_and_last_day_and_none_beside() -> None:
    references = _places(date(2025, 10, 1), date(2026, 9, 30))
    days = _days("2025-09-30", "2025-10-01", "2026-09-30", "2026-10-01", None)
    assert references.covers("place_of_service", days).tolist() == [False, True, True, False, False]
    assert _places().covers("place_of_service", days).tolist() == [True, True, True, True, False]


@pytest.mark.parametrize("references", [References(), References({"place_of_service": _PLACES.head(0)})])
def test_a_table_that_is_not_loaded_covers_nothing(references: References) -> None:
    assert not references.is_loaded("place_of_service")
    assert references.covers("place_of_service", _days("2026-01-01")).tolist() == [False]


def test_a_release_without_its_table_is_refused() -> None:
    with pytest.raises(ValueError, match="mue"):
        References({}, {"mue": Release("2026 Q4")})


def test_the_version_changes_with_every_release_and_with_nothing_else() -> None:
    first = _places(covers_to=date(2026, 9, 30))
    assert len(first.version) == 12
    assert first.version == _places(covers_to=date(2026, 9, 30)).version
    release = first.releases["place_of_service"]
    others = [
        dataclasses.replace(release, label="2"),
        dataclasses.replace(release, sha256="b" * 64),
        dataclasses.replace(release, covers_to=None),
    ]
    versions = {References(first.tables, {"place_of_service": other}).version for other in others}
    payers = pd.DataFrame({"payer_code": ["60054"]})
    versions.add(References({**first.tables, "payer_list": payers}, first.releases).version)
    assert len(versions | {first.version, References().version}) == 6


# What a scrub makes of it


def _needing(table: str, grain: Grain = "claim", *, fires: bool = True) -> Edit:
    """An edit TST01 that fires everywhere, or nowhere, and needs `table`."""

    def check(context: ScrubContext) -> Hits:
        return hits(np.full(len(context.claims if grain == "claim" else context.lines), fires))

    return dataclasses.replace(
        catalogue()[0],
        code="TST01",
        grain=grain,
        message="A test.",
        is_overridable=True,
        needs=table,
        check=check,
        effective_from=None,
        effective_to=None,
    )


def _scrubbed(
    edit: Edit, days: Sequence[date | None], references: References
) -> tuple[set[tuple[int, int]], dict[str, int]]:
    """Findings as (claim, line) and the not-checked counts; claim n has line 1 on the n-th of `days` and line 2 on
    2026-11-23."""
    frames = claims_of({n: ClaimChange(lines={1: {"service_on": day}}) for n, day in enumerate(days, start=1)})
    result = scrub(frames, as_of_on=NIGHT, references=references, edits=(edit,))
    found = set(zip(result.findings["claim_id"], result.findings["line_number"], strict=True))
    return found, dict(zip(result.not_checked["edit_code"], result.not_checked["claim_count"], strict=True))


def test_claims_beyond_the_table_are_not_checked_and_the_others_are() -> None:
    days = [date(2026, 11, 23), date(2026, 11, 24)]
    until_the_23rd = _places(covers_to=date(2026, 11, 23))
    assert _scrubbed(_needing("place_of_service"), days, until_the_23rd) == ({(1, 0)}, {"TST01": 1})
    until_the_24th = _places(covers_to=date(2026, 11, 24))
    assert _scrubbed(_needing("place_of_service"), days, until_the_24th) == ({(1, 0), (2, 0)}, {})


def test_a_line_beyond_the_table_is_not_checked_and_its_neighbour_is() -> None:
    days = [date(2026, 11, 22), date(2026, 11, 23)]
    from_the_23rd = _places(covers_from=date(2026, 11, 23))
    found, not_checked = _scrubbed(_needing("place_of_service", "line"), days, from_the_23rd)
    assert found == {(1, 2), (2, 1), (2, 2)}
    assert not_checked == {"TST01": 1}


def test_a_claim_is_not_checked_without_a_finding_too() -> None:
    edit = _needing("place_of_service", fires=False)
    days = [date(2026, 11, 23), date(2026, 11, 24)]
    assert _scrubbed(edit, days, _places(covers_to=date(2026, 11, 23))) == (set(), {"TST01": 1})


def test_a_table_that_reaches_no_claim_is_as_good_as_none() -> None:
    def fail(_: ScrubContext) -> Hits:
        raise AssertionError("the edit has run")

    edit = dataclasses.replace(_needing("place_of_service"), check=fail)
    for references in (_places(covers_to=date(2026, 11, 22)), References()):
        assert _scrubbed(edit, [date(2026, 11, 23)], references) == (set(), {"TST01": 1})


@pytest.mark.parametrize(("last", "is_checked"), [(NIGHT, True), (date(2026, 11, 24), False)])
def test_a_missing_service_date_counts_as_the_date_of_the_scrub(last: date, is_checked: bool) -> None:
    found, not_checked = _scrubbed(_needing("place_of_service"), [None], _places(covers_to=last))
    assert (found, not_checked) == (({(1, 0)}, {}) if is_checked else (set(), {"TST01": 1}))
    frames = claim_set({"member_id": None}, [])
    edit = (_needing("place_of_service"),)
    result = scrub(frames, as_of_on=NIGHT, references=_places(covers_to=last), edits=edit)
    assert (len(result.findings), len(result.not_checked)) == ((1, 0) if is_checked else (0, 1))


@pytest.mark.parametrize(("grain", "claim_count"), [("claim", 1), ("line", 2)])
def test_claims_the_edit_does_not_apply_to_are_not_counted_as_not_checked(grain: Grain, claim_count: int) -> None:
    edit = dataclasses.replace(_needing("place_of_service", grain), effective_from=date(2026, 11, 23))
    # Line 2 is on the 23rd in both, so a line edit applies to both claims, a claim edit to the second only.
    days = [date(2026, 11, 22), date(2026, 11, 23)]
    assert _scrubbed(edit, days, References())[1] == {"TST01": claim_count}


def test_partly_covered_claims_whose_edit_is_off_are_not_counted() -> None:
    frames = claims_of(
        {n: ClaimChange({"organization_id": n}, {1: {"service_on": date(2026, 11, 24)}}) for n in (1, 2)}
    )
    off = pd.DataFrame({"organization_id": [2], "insurer_id": [None], "edit_code": ["TST01"], "severity": ["off"]})
    edit = (_needing("place_of_service"),)
    references = _places(covers_to=date(2026, 11, 23))
    result = scrub(frames, as_of_on=NIGHT, references=references, severities=off, edits=edit)
    assert result.not_checked["claim_count"].tolist() == [1]


def test_a_scrub_records_which_reference_tables_it_had() -> None:
    references = _places()
    assert scrub(claim_set(), as_of_on=NIGHT, references=references).reference_version == references.version
