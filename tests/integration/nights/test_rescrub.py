"""Scrubbing again: what is known and what is new, what is recorded of each scrub, and how a biller reads it."""

from __future__ import annotations

import importlib
from pathlib import Path

import psycopg
import pytest

from include.claim_records.scrub import scrub_claims
from include.claims_submission.held_claims import build_label
from include.development import environment
from tests.integration.nights.scrub_cases import (
    DENVER,
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Nights,
    one,
    override,
    rows,
    without_coverage,
    without_sex,
)
from tests.support.nights import run_night
from tests.support.practice import Connection, Practice

SEEN = "SELECT first_seen_on::text, last_seen_on::text, resolved_on::text FROM billing.finding ORDER BY finding_id"


@pytest.fixture
def practice(billing: Connection) -> Practice:
    return Practice(billing)


def set_end(practice: Practice, claim: int, ends_on: str | None) -> None:
    """When the policy of the claim's client ends: COV01 finds a day before the service."""
    practice.connection.execute(
        "UPDATE practice.policy y SET ends_on = %s FROM billing.claim k"
        " WHERE k.client_id = y.client_id AND k.claim_id = %s",
        (ends_on, claim),
    )


# Night after night


def test_a_held_claim_is_scrubbed_each_night_and_its_finding_keeps_the_first(
    practice: Practice, nights: Nights
) -> None:
    claim = without_coverage(practice)
    for night in (MONDAY, TUESDAY, WEDNESDAY):
        assert nights.submit(night) == {claim: "scrub_error"}
    assert rows(practice.connection, SEEN) == [(MONDAY, WEDNESDAY, None)]
    scrubs = rows(practice.connection, "SELECT scrub_id FROM billing.scrub ORDER BY 1")
    assert len(scrubs) == 3
    seen = one(practice.connection, "SELECT first_scrub_id, last_scrub_id, resolved_scrub_id FROM billing.finding")
    assert seen == (*scrubs[0], *scrubs[2], None)


def test_a_finding_that_went_away_and_comes_back_is_new_again(practice: Practice, nights: Nights) -> None:
    claim, other = without_coverage(practice), without_sex(practice)
    nights.submit(MONDAY)
    practice.connection.execute("UPDATE practice.client SET sex = 'F' WHERE sex IS NULL")
    practice.connection.execute(
        "UPDATE practice.client c SET sex = NULL FROM billing.claim k WHERE k.client_id ="
        " c.client_id AND k.claim_id = %s",
        (claim,),
    )
    set_end(practice, claim, None)
    nights.submit(TUESDAY)
    set_end(practice, claim, "2026-03-02")
    assert nights.submit(WEDNESDAY) == {claim: "scrub_error"}
    assert other
    assert rows(
        practice.connection,
        "SELECT edit_code, first_seen_on::text, last_seen_on::text, resolved_on::text FROM billing.finding"
        " WHERE claim_id = %s ORDER BY finding_id",
        claim,
    ) == [
        ("COV01", MONDAY, MONDAY, TUESDAY),
        ("SEX01", TUESDAY, WEDNESDAY, None),
        ("COV01", WEDNESDAY, WEDNESDAY, None),
    ]
    assert nights.labels(WEDNESDAY) == ["Practice 1: 1 claim held, 2 errors (1 new)"]
    said = [line.strip() for line in nights.log(WEDNESDAY).splitlines() if line.strip().startswith(f"C{claim}V1")]
    assert said == [
        f"C{claim}V1, service 2026-03-03, known since {TUESDAY}",
        f"C{claim}V1, service 2026-03-03, new tonight",
    ]


def test_what_advice_found_is_known_on_the_night_that_would_send_it(
    practice: Practice, nights: Nights, tmp_path: Path
) -> None:
    # In force when the claim is made, and typed in wrongly at once.
    client = practice.insured(ends_on="2026-03-02")
    practice.policy(client, ends_on="2026-03-03")
    practice.invoice(practice.appointment(client=client), entered_step_on=TUESDAY)
    practice.connection.execute("UPDATE practice.client SET sex = NULL WHERE client_id = %s", (client,))
    run_night(nights.pipeline, "invoice_processing", DENVER, WEDNESDAY, tmp_path)
    assert rows(practice.connection, SEEN) == [(WEDNESDAY, WEDNESDAY, None)]
    assert one(practice.connection, "SELECT is_new FROM reporting.open_scrub_errors") == (True,)
    practice.connection.execute("UPDATE billing.claim SET entered_step_on = %s", (WEDNESDAY,))
    nights.submit(THURSDAY)
    assert nights.labels(THURSDAY) == ["Practice 1: 1 claim held, 1 error (none new)"]
    assert f"known since {WEDNESDAY}" in nights.log(THURSDAY)
    assert rows(practice.connection, "SELECT purpose, claim_count FROM billing.scrub ORDER BY scrub_id") == [
        ("advice", 1),
        ("submission", 1),
    ]


def test_new_in_the_view_is_what_was_not_seen_before_the_newest_night(practice: Practice, nights: Nights) -> None:
    new = "SELECT claim_id FROM reporting.open_scrub_errors WHERE is_new ORDER BY claim_id"
    first = without_coverage(practice)
    nights.submit(MONDAY)
    assert rows(practice.connection, new) == [(first,)]
    second = without_coverage(practice)
    nights.submit(TUESDAY)
    assert rows(practice.connection, new) == [(second,)]
    # Another bucket's night says nothing of this one.
    Practice(practice.connection, 2, "America/Chicago")
    run_night(nights.pipeline, "claims_submission", "America/Chicago", WEDNESDAY, nights.outbox)
    assert rows(practice.connection, new) == [(second,)]
    nights.submit(WEDNESDAY)
    assert rows(practice.connection, new) == []


# Cleared by a person


def test_clearing_an_instance_scrubs_that_organization_and_renames_the_instance(
    practice: Practice, nights: Nights
) -> None:
    mended, held = without_coverage(practice), without_coverage(practice)
    elsewhere = without_coverage(Practice(practice.connection, 2))
    nights.submit(MONDAY)
    set_end(practice, mended, None)
    set_end(practice, elsewhere, None)
    assert nights.clear(MONDAY) == {mended: "advanced", held: "scrub_error", elsewhere: "scrub_error"}
    assert rows(practice.connection, "SELECT purpose, claim_count FROM billing.scrub ORDER BY scrub_id") == [
        ("submission", 3),
        ("resubmission", 2),
    ]
    attempt = nights.attempt(MONDAY)
    assert build_label(nights.pipeline, attempt, [1]) == "Practice 1: 1 claim held, 1 error (1 new)"
    set_end(practice, held, None)
    nights.clear(MONDAY)
    assert build_label(nights.pipeline, attempt, [1]) == "Practice 1: no claim held any more"
    # The instance that stands for all organizations beyond the hundredth.
    assert build_label(nights.pipeline, attempt, [1, 2]) == "1 of 2 more organizations"


@pytest.mark.parametrize("is_cleared", [True, False])
def test_only_a_person_who_asks_ends_what_a_later_night_has_seen_on_a_claim_that_stays(
    practice: Practice, nights: Nights, is_cleared: bool
) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    nights.submit(WEDNESDAY)
    set_end(practice, claim, None)
    practice.connection.execute("UPDATE practice.client SET sex = NULL")
    if is_cleared:
        nights.clear(MONDAY)
    else:
        nights.submit(MONDAY)
    assert rows(practice.connection, SEEN) == [
        (MONDAY, WEDNESDAY, WEDNESDAY if is_cleared else None),
        (MONDAY, MONDAY, None),
    ]


def test_a_claim_that_an_old_night_sends_goes_without_what_is_not_so_any_more(
    practice: Practice, nights: Nights
) -> None:
    claim = without_coverage(practice)
    nights.submit(MONDAY)
    nights.submit(WEDNESDAY)
    set_end(practice, claim, None)
    assert nights.submit(MONDAY) == {claim: "advanced"}
    assert rows(practice.connection, SEEN) == [(MONDAY, WEDNESDAY, WEDNESDAY)]
    assert rows(practice.connection, "SELECT resolution, is_sent FROM reporting.scrub_findings") == [("fixed", False)]


def test_what_is_corrected_is_fixed_although_the_edit_could_not_look_at_another_claim(
    practice: Practice, nights: Nights
) -> None:
    (release,) = one(
        practice.connection,
        "INSERT INTO billing.reference_release (table_name, release_label, source, origin, covers_from, covers_to,"
        " sha256, row_count)"
        " VALUES ('payer_list', 'one', 'test', 'supplied', '2026-03-03', '2026-03-03', repeat('0', 64), 1)"
        " RETURNING release_id",
    )
    practice.connection.execute("INSERT INTO reference.payer_list VALUES (%s, '60054')", (release,))
    corrected, left_out = (practice.insurer(payer_code="99999") for _ in range(2))
    for insurer in (corrected, left_out):
        client = practice.insured(insurer, ends_on="2026-03-02")
        practice.claim(practice.invoice(practice.appointment(client=client)))
    # The edit's default severity is that of an error, and the policy holds both claims besides.
    nights.submit(MONDAY)
    resolutions = "SELECT claim_id, resolution FROM billing.finding WHERE edit_code = 'PAY02' ORDER BY claim_id"
    assert [resolution for _, resolution in rows(practice.connection, resolutions)] == [None, None]
    practice.connection.execute("UPDATE practice.insurer SET payer_code = '60054' WHERE insurer_id = %s", (corrected,))
    practice.connection.execute(
        "UPDATE billing.invoice SET service_on = '2026-03-02' WHERE client_id IN"
        " (SELECT client_id FROM practice.policy WHERE insurer_id = %s)",
        (left_out,),
    )
    nights.submit(TUESDAY)
    assert [resolution for _, resolution in rows(practice.connection, resolutions)] == ["fixed", "not_checked"]


# What is recorded


def test_every_scrub_is_recorded_with_the_versions_it_used_and_what_it_counted(
    practice: Practice, nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    lenient = practice.insurer()
    practice.connection.execute(
        "INSERT INTO billing.edit_severity (edit_code, insurer_id, severity) VALUES ('COV01', %s, 'warning')",
        (lenient,),
    )
    overridden = without_coverage(practice)
    nights.submit(MONDAY)
    override(practice, overridden)
    for _ in range(2):
        without_coverage(practice, lenient)
    without_sex(practice)
    practice.claim()
    nights.submit(TUESDAY)
    newest = (
        "SELECT purpose, claim_count, error_claim_count, warning_claim_count, not_checked_count, catalogue_version,"
        " reference_version FROM billing.scrub ORDER BY scrub_id DESC LIMIT 1"
    )
    *counts, catalogue_version, reference_version = one(practice.connection, newest)
    (not_checked,) = one(
        practice.connection,
        "SELECT count(DISTINCT edit_code) FROM reporting.not_checked WHERE night = %s",
        TUESDAY,
    )
    assert not_checked >= 1
    assert counts == ["submission", 5, 1, 2, not_checked]
    assert (catalogue_version,) == one(
        practice.connection, "SELECT edit_catalogue_version FROM reporting.runs WHERE night = %s", TUESDAY
    )
    assert len(reference_version) == 12
    # The package has a function of the module's name.
    module = importlib.import_module("include.claims_scrubber.scrub")
    monkeypatch.setattr(module, "catalogue_version", lambda edits: "another one")
    nights.submit(WEDNESDAY)
    assert one(practice.connection, newest)[5] == "another one"


def test_batches_that_scrub_side_by_side_do_not_wait_for_one_another(
    practice: Practice, nights: Nights, database_url: str
) -> None:
    claims = [without_coverage(practice), without_coverage(Practice(practice.connection, 2))]
    nights.submit(MONDAY)
    attempt = nights.attempt(MONDAY)
    practice.connection.execute("UPDATE billing.run_attempt SET edit_catalogue_version = NULL")
    with (
        psycopg.connect(environment.pipeline_url(database_url)) as first,
        psycopg.connect(environment.pipeline_url(database_url)) as second,
    ):
        assert scrub_claims(first, attempt, claims[:1]) == claims[:1]
        second.execute("SET LOCAL lock_timeout = '2s'")
        assert scrub_claims(second, attempt, claims[1:]) == claims[1:]


def test_what_was_not_checked_is_counted_per_night_organization_and_edit(practice: Practice, nights: Nights) -> None:
    other = Practice(practice.connection, 2)
    for claims in (practice, practice, other):
        without_coverage(claims)
    practice.claim()
    # Off for one of the two: nothing is left out there.
    practice.connection.execute(
        "INSERT INTO billing.edit_severity (edit_code, organization_id, severity) VALUES ('PAY02', 2, 'off')"
    )
    nights.submit(MONDAY)
    counts = (
        "SELECT organization_id, organization_name, claim_count FROM reporting.not_checked"
        " WHERE edit_code = 'PAY02' AND night = %s ORDER BY organization_id"
    )
    assert rows(practice.connection, counts, MONDAY) == [(1, "Practice 1", 3)]
    # Two are left; the night had three.
    nights.clear(MONDAY)
    assert rows(practice.connection, counts, MONDAY) == [(1, "Practice 1", 3)]
    nights.submit(TUESDAY)
    assert rows(practice.connection, counts, TUESDAY) == [(1, "Practice 1", 2)]


# What a biller reads


def test_the_log_lists_errors_with_their_places_and_then_counts_the_rest(practice: Practice, nights: Nights) -> None:
    lenient = practice.insurer()
    practice.connection.execute(
        "INSERT INTO billing.edit_severity (edit_code, insurer_id, severity) VALUES ('COV01', %s, 'warning')",
        (lenient,),
    )
    held, overridden = without_sex(practice), without_coverage(practice)
    nights.submit(MONDAY)
    override(practice, overridden)
    second = practice.client(sex=None)
    practice.policy(second, lenient, ends_on="2026-03-02")
    both = practice.claim(practice.invoice(practice.appointment(client=second)))
    for _ in range(3):
        without_coverage(practice, lenient)
    nights.submit(TUESDAY)
    lines = nights.log(TUESDAY).splitlines()
    sex = "      SEX01: The client's sex for insurance is missing; the claim needs female, male or unknown."
    assert lines[:8] == [
        "Practice 1: 2 claims held, 2 errors (1 new)",
        f"  C{held}V1, service 2026-03-03, known since {MONDAY}",
        lines[2],
        "      Fix: Client › Profile › Sex for insurance",
        f"  C{both}V1, service 2026-03-03, new tonight",
        lines[5],
        "      Fix: Client › Profile › Sex for insurance",
        "  3 warnings on claims that went out, 1 warning on held claims, 1 overridden error on either:"
        " reporting.scrub_findings",
    ]
    assert lines[2] == lines[5]
    assert lines[2].startswith(sex[:12])
    assert one(
        practice.connection,
        "SELECT count(*) FROM reporting.scrub_findings WHERE severity = 'warning' AND claim_status = 'submitted'"
        "   AND is_sent AND resolution IS NULL",
    ) == (3,)


def test_a_claim_that_no_file_can_carry_is_listed_with_the_place_to_correct(practice: Practice, nights: Nights) -> None:
    client = practice.client(first_name="山田")
    practice.policy(client)
    claim = practice.claim(practice.invoice(practice.appointment(client=client)))
    outcome = nights.submit(MONDAY)[claim]
    assert outcome.startswith("refused_by_validator patient_first_name: ")
    assert nights.labels(MONDAY) == ["Practice 1: 1 claim held, 1 error (1 new)"]
    detail = outcome.removeprefix("refused_by_validator ")
    assert nights.log(MONDAY).splitlines()[1:4] == [
        f"  C{claim}V1, service 2026-03-03, new tonight",
        f"      Refused by the validator: {detail}",
        "      Fix: Client › Profile",
    ]
    nights.submit(TUESDAY)
    assert nights.labels(TUESDAY) == ["Practice 1: 1 claim held, 1 error (none new)"]
