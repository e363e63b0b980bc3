"""The cases against which scrubbers are measured: valid claims are valid, each mutation breaks something."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pandas as pd
import pytest

from benchmarks.scrubber.mutations import MUTATIONS, BrokenClaims, break_claims
from benchmarks.scrubber.one_claim import OneClaim, frames_of
from benchmarks.scrubber.practices import check_digit
from benchmarks.scrubber.reference_facts import reference_tables
from benchmarks.scrubber.valid_claims import AS_OF, valid_claims
from include.claim_frames import FRAME_COLUMNS, ClaimFrames
from include.clearinghouse.interchange import Receiver, build_interchange
from include.clearinghouse.validation import validate

_RECEIVER = Receiver("TEST", "SUBM01", "Cases", "Dana Okafor", "(303) 555-0100", "HOUSE01", "Test Clearinghouse")


@pytest.fixture(scope="module")
def pool() -> ClaimFrames:
    return valid_claims(1500, seed=11)


@pytest.fixture(scope="module")
def claims(pool: ClaimFrames) -> list[OneClaim]:
    return OneClaim.all_of(pool)


@pytest.fixture(scope="module")
def broken(pool: ClaimFrames) -> BrokenClaims:
    return break_claims(pool)


def test_the_same_seed_gives_the_same_claims_and_another_seed_others() -> None:
    first, again, other = valid_claims(40, seed=3), valid_claims(40, seed=3), valid_claims(40, seed=4)
    for name in FRAME_COLUMNS:
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
    assert not first.claims.equals(other.claims)


def test_valid_claims_have_the_columns_and_the_order_of_the_contract(pool: ClaimFrames) -> None:
    pool.check()
    assert pool.claims["claim_id"].is_monotonic_increasing
    assert pool.claims["organization_id"].is_monotonic_increasing
    for name in FRAME_COLUMNS:
        assert getattr(pool, name)["claim_id"].is_monotonic_increasing, name
        assert len(getattr(pool, name)), name


def test_a_claim_survives_the_way_to_rows_and_back(pool: ClaimFrames, claims: list[OneClaim]) -> None:
    back = frames_of(claims)
    for name in FRAME_COLUMNS:
        pd.testing.assert_frame_equal(getattr(back, name), getattr(pool, name))


def test_an_independent_validator_accepts_the_file_of_200_valid_claims() -> None:
    body = build_interchange(valid_claims(200, seed=5), _RECEIVER).numbered(1, datetime(2026, 11, 3, 21, tzinfo=UTC))
    verdict = validate(body)
    assert verdict.accepted, verdict.findings[:5]


def test_npis_of_valid_claims_have_a_right_check_digit(pool: ClaimFrames) -> None:
    columns = [column for column in pool.claims.columns if column.endswith("_npi")]
    npis = {npi for column in columns for npi in pool.claims[column].dropna()}
    assert len(npis) > 100
    assert all(len(npi) == 10 and check_digit(npi[:9]) == npi[9] for npi in npis)
    # The example of CMS's paper on the check digit.
    assert check_digit("123456789") == "3"


def test_charges_of_valid_claims_are_the_sums_of_their_lines_and_other_insurers_decisions_balance(
    claims: list[OneClaim],
) -> None:
    decided = 0
    for claim in claims:
        assert claim.claim["total_charge_cents"] == sum(line["charge_cents"] for line in claim.lines)
        for payer in claim.other_payers:
            level = payer["level"]
            explained = payer["paid_cents"] + sum(
                row["amount_cents"] for row in claim.adjustments if row["level"] == level
            )
            assert explained == claim.claim["total_charge_cents"]
            assert claim.service_on < payer["adjudicated_on"] <= AS_OF
            for line in claim.line_payments:
                if line["level"] == level:
                    rest = sum(
                        row["amount_cents"]
                        for row in claim.adjustments
                        if (row["level"], row["line_number"]) == (level, line["line_number"])
                    )
                    assert line["paid_cents"] + rest == claim.lines[line["line_number"] - 1]["charge_cents"]
                    assert line["paid_cents"] >= 0
                    decided += 1
    assert decided > 100


def test_valid_claims_keep_what_the_reference_tables_say(claims: list[OneClaim]) -> None:
    tables = reference_tables()
    pairs = {name: set(tables[name].itertuples(index=False, name=None)) for name in tables}
    limits = dict(pairs["timely_filing"])
    licensed = set(tables["payer_license"]["payer_code"])
    enrolled = set(tables["payer_enrollment"]["payer_code"])
    ends = dict(zip(tables["procedure_code"]["procedure_code"], tables["procedure_code"]["ends_on"], strict=True))
    units = dict(zip(tables["mue"]["procedure_code"], tables["mue"]["unit_limit"], strict=True))
    openable = {(first, second): mark for first, second, mark, *_ in pairs["ncci_pair"]}
    asked = tables["payer_authorization"]
    for claim in claims:
        row, payer = claim.claim, claim.claim["payer_code"]
        assert (payer,) in pairs["payer_list"]
        assert 0 <= (AS_OF - claim.service_on).days <= limits[payer]
        for license_type in {row["rendering_license_type"], row["treating_license_type"]}:
            assert payer not in licensed or (payer, license_type) in pairs["payer_license"]
        if (payer, row["treating_license_type"]) in pairs["payer_supervision"]:
            assert row["supervising_npi"]
        assert payer not in enrolled or (payer, row["billing_npi"]) in pairs["payer_enrollment"]
        assert (row["billing_taxonomy_code"],) in pairs["taxonomy"]
        assert (row["rendering_taxonomy_code"],) in pairs["taxonomy"]
        codes = asked.loc[asked["payer_code"] == payer, "procedure_code"]
        if codes.isna().any() or codes.isin(claim.codes()).any():
            assert row["authorization_number"]
        for line in claim.lines:
            assert pd.isna(ends[line["procedure_code"]])
            assert line["unit_count"] <= units.get(line["procedure_code"], 99)
            if row["telehealth"]:
                assert (payer, row["telehealth"], line["modifier_1"]) in pairs["payer_telehealth"]
            for other in claim.lines:
                mark = openable.get((other["procedure_code"], line["procedure_code"]))
                assert mark is None or (mark == "1" and "59" in (line["modifier_1"], line["modifier_2"]))


def test_there_are_at_least_130_mutations_with_names_of_their_own_and_a_source() -> None:
    assert len(MUTATIONS) >= 130
    assert [name for name, count in Counter(each.name for each in MUTATIONS).items() if count > 1] == []
    assert [each.name for each in MUTATIONS if not (each.source and each.description and each.group)] == []


def test_every_mutation_meets_a_claim_and_changes_it_and_only_it(broken: BrokenClaims) -> None:
    broken.broken.check()
    valid = {claim.claim["claim_id"]: claim for claim in OneClaim.all_of(broken.valid)}
    unchanged = [
        broken.mutation_names[claim.claim["claim_id"]]
        for claim in OneClaim.all_of(broken.broken)
        if claim == valid[claim.claim["claim_id"]]
    ]
    assert unchanged == []
    assert sorted(broken.mutation_names.values()) == sorted(each.name for each in MUTATIONS)


def test_a_mutation_leaves_the_claim_it_was_given_as_it_was(claims: list[OneClaim]) -> None:
    mutation = next(each for each in MUTATIONS if each.name == "no_diagnosis")
    frames = claims[0].frames()
    before = len(frames.diagnoses)
    assert len(mutation.apply(frames).diagnoses) == 0
    assert len(frames.diagnoses) == before > 0


def test_a_mutation_refuses_a_claim_it_does_not_fit(claims: list[OneClaim]) -> None:
    mutation = next(each for each in MUTATIONS if each.name == "secondary_without_primary")
    primary = next(claim for claim in claims if claim.claim["level"] == "primary")
    with pytest.raises(ValueError, match="secondary_without_primary"):
        mutation.apply(primary.frames())
    with pytest.raises(LookupError, match="fits 0 of 1 claims"):
        break_claims(primary.frames())
