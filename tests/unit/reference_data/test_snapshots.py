"""The shipped tables: unchanged since their manifest was made, and right where the truth is known from elsewhere."""

from __future__ import annotations

import csv
import gzip
import hashlib
import shutil
import xml.etree.ElementTree as ElementTree
from datetime import date
from importlib import resources
from pathlib import Path

import pandas as pd
import pytest

from include.claims_scrubber import REFERENCE_TABLES, References
from include.claims_scrubber.place_of_service import PLACE_OF_SERVICE_CODES
from include.development.build_reference_snapshots import write_diagnosis_codes, write_manifest
from include.reference_data.load import SNAPSHOTS
from include.reference_data.releases import TableRelease, read_releases

SHIPPED = {
    "diagnosis_code", "place_of_service", "state", "claim_filing", "modifier", "psychotherapy", "psychotherapy_minutes",
}  # fmt: skip


@pytest.fixture(scope="module")
def releases() -> dict[str, TableRelease]:
    found, problems = read_releases(SNAPSHOTS, is_shipped=True)
    assert problems == []
    return {one.table_name: one for one in found}


@pytest.fixture(scope="module")
def references(releases: dict[str, TableRelease]) -> References:
    tables = {}
    for name, one in releases.items():
        frame = one.sheet.frame.copy()
        for column, kind in REFERENCE_TABLES[name].items():
            if kind == "day":
                frame[column] = pd.to_datetime(frame[column].replace("", None)).astype("datetime64[s]")
            elif kind == "flag":
                frame[column] = frame[column] == "true"
            elif kind == "integer":
                frame[column] = frame[column].astype("int64")
        tables[name] = frame
    return References(tables)


def _codes(releases: dict[str, TableRelease], table: str, column: str) -> set[str]:
    return set(releases[table].sheet.frame[column])


def test_the_manifest_states_the_checksum_of_every_file(releases: dict[str, TableRelease]) -> None:
    with (SNAPSHOTS / "reference_release.csv").open(encoding="utf-8", newline="") as file:
        stated = {row["table_name"]: row["sha256"] for row in csv.DictReader(file)}
    assert set(stated) == set(releases) == SHIPPED
    for name, sha256 in stated.items():
        packed = SNAPSHOTS / f"{name}.csv.gz"
        content = gzip.decompress(packed.read_bytes()) if packed.exists() else (SNAPSHOTS / f"{name}.csv").read_bytes()
        assert hashlib.sha256(content).hexdigest() == sha256, name


def test_a_changed_shipped_file_is_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(SNAPSHOTS, tmp_path / "snapshots")
    with (folder / "modifier.csv").open("a", encoding="utf-8") as file:
        file.write("00\n")
    _, problems = read_releases(folder, is_shipped=True)
    assert [problem.file for problem in problems] == ["modifier.csv"]
    write_manifest(folder, None)
    assert read_releases(folder, is_shipped=True)[1] == []


def test_diagnosis_codes_are_packed_to_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_diagnosis_codes(tmp_path / name, [("F33", False), ("F331", True)])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    text = gzip.decompress((tmp_path / "a").read_bytes()).decode()
    assert text == "diagnosis_code,is_billable,starts_on,ends_on\nF33,false,,\nF331,true,,\n"


def test_the_diagnosis_codes_are_those_of_april_2026(releases: dict[str, TableRelease]) -> None:
    release = releases["diagnosis_code"]
    assert (release.covers_from, release.covers_to) == (date(2026, 4, 1), date(2026, 9, 30))
    codes = release.sheet.frame.set_index("diagnosis_code")["is_billable"]
    assert codes.index.is_unique
    assert (codes == "true").sum() == 74_719
    billable = {"F411": "true", "F331": "true", "F33": "false", "F32A": "true", "F1721": "false", "QA00101": "true"}
    assert codes.reindex(list(billable)).to_dict() == billable
    assert not {"F412X", "F999", "A00B99"} & set(codes.index)


def test_the_places_of_service_are_those_the_validator_knows(releases: dict[str, TableRelease]) -> None:
    assert _codes(releases, "place_of_service", "place_of_service_code") == PLACE_OF_SERVICE_CODES


@pytest.mark.parametrize(
    ("code", "before", "first"),
    [
        ("02", "2016-12-31", "2017-01-01"),
        ("10", "2021-12-31", "2022-01-01"),
        ("27", "2023-09-30", "2023-10-01"),
        ("58", "2019-12-31", "2020-01-01"),
    ],
)
def test_a_place_of_service_starts_on_its_day(references: References, code: str, before: str, first: str) -> None:
    days = pd.to_datetime(pd.Series([before, first])).astype("datetime64[s]")
    assert references.in_force("place_of_service", pd.Series([code, code]), days).tolist() == [False, True]


def test_the_claim_filing_codes_in_force_are_those_the_validator_accepts(references: References) -> None:
    with resources.files("pyx12").joinpath("map/837.5010.X222.A1.xml").open("rb") as file:
        elements = ElementTree.parse(file).iter("element")
        valid = next(
            {code.text for code in element.iter("code")} for element in elements if element.get("xid") == "SBR09"
        )
    codes = references.table("claim_filing")["claim_filing_code"]
    days = pd.Series([pd.Timestamp("2026-11-02")] * len(codes)).astype("datetime64[s]")
    assert set(codes[references.in_force("claim_filing", codes, days)]) == valid
    assert {"09", "10", "LI"} <= set(codes) - valid
    last_days = pd.to_datetime(pd.Series(["2011-12-31", "2012-01-01"])).astype("datetime64[s]")
    assert references.in_force("claim_filing", pd.Series(["09", "09"]), last_days).tolist() == [True, False]


@pytest.mark.parametrize(
    ("state", "inside", "outside"),
    [
        ("CO", "805", "823"), ("WY", "820", "806"), ("DC", "200", "212"), ("PR", "009", "008"), ("VI", "008", "009"),
        ("GU", "969", "968"), ("AS", "967", "969"), ("MP", "969", "967"), ("AA", "340", "341"), ("AE", "099", "100"),
        ("AP", "962", "961"), ("NY", "063", "060"), ("TX", "885", "884"), ("AK", "999", "994"),
    ],
)  # fmt: skip
def test_a_state_has_its_prefixes_and_not_its_neighbours(
    references: References, state: str, inside: str, outside: str
) -> None:
    keys = [pd.Series([state, state]), pd.Series([inside, outside])]
    assert references.in_force("state", keys).tolist() == [True, False]


def test_all_states_and_territories_are_there(releases: dict[str, TableRelease]) -> None:
    states = _codes(releases, "state", "state_code")
    assert len(states) == 50 + 1 + 5 + 3 + 2  # states, DC, territories, military regions, FM and MH
    with resources.files("pyx12").joinpath("map/codes.xml").open("rb") as file:
        sets = ElementTree.parse(file).iter("codeset")
        known = {code.text for one in sets if one.findtext("id") == "states" for code in one.iter("code")}
    # What the validator does not know must not pass here.
    assert states <= known


def test_the_modifiers_of_telehealth_and_mental_health_are_there(releases: dict[str, TableRelease]) -> None:
    wanted = {
        *("95", "93", "GT", "GQ", "FQ", "FR", "HO", "HN", "HP", "AJ", "AH", "HE", "HF", "HQ", "59", "XE", "XP", "XS"),
        *("XU", "25", "22", "52", "53", "76", "77", "KX", "SA", "U1", "U9", "UA", "UD"),
    }
    assert wanted <= _codes(releases, "modifier", "modifier")


@pytest.mark.parametrize(
    ("code", "role"),
    [("90837", "individual"), ("90838", "individual_with_em"), ("90847", "family"), ("90853", "group"),
     ("90839", "crisis"), ("90840", "crisis_add_on"), ("90791", "evaluation"), ("90785", "interactive_complexity"),
     ("99214", "em")],
)  # fmt: skip
def test_each_code_has_one_role(releases: dict[str, TableRelease], code: str, role: str) -> None:
    frame = releases["psychotherapy"].sheet.frame
    assert frame["procedure_code"].is_unique
    assert frame.set_index("procedure_code")["role"][code] == role


def test_the_least_minutes_are_those_of_the_time_rule(releases: dict[str, TableRelease]) -> None:
    frame = releases["psychotherapy_minutes"].sheet.frame
    minutes = {"90832": 16, "90834": 38, "90837": 53, "90839": 30, "90840": 75, "90846": 26, "90847": 26}
    assert frame.set_index("procedure_code")["minimum_minutes"].astype(int)[list(minutes)].to_dict() == minutes
    assert set(frame["procedure_code"]) <= _codes(releases, "psychotherapy", "procedure_code")


def test_the_readme_names_every_file() -> None:
    readme = (SNAPSHOTS / "README.md").read_text(encoding="utf-8")
    for path in SNAPSHOTS.iterdir():
        assert path.suffix == ".md" or f"`{path.name}`" in readme
