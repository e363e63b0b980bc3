"""Write the sample practices: `python -m include.practice_data.make_sample [DIR]`.

The files in `sample/` are this program's output; `sample/README.md` says which practice shows what.
"""

from __future__ import annotations

import csv
import sys
from datetime import time
from pathlib import Path

from include.practice_data.sample_rows import (
    FRIDAY_BEFORE,
    LONG_BEFORE,
    MONDAY,
    THURSDAY,
    THURSDAY_BEFORE,
    TUESDAY,
    UNLISTED_SERVICES,
    WEDNESDAY,
    Practice,
    Sample,
    npi,
    wrong_npi,
)
from include.practice_data.tables import AUTOMATIONS, TABLES

_CREATION, _PROCESSING, _SUBMISSION, _ = AUTOMATIONS


def build_sample() -> Sample:
    """The twelve practices with all their rows."""
    sample = Sample()
    for plan, label, automations in (
        ("complete", "Complete", AUTOMATIONS),
        ("starter", "Starter", (_CREATION, _PROCESSING)),
    ):
        sample.add("plan", plan_code=plan, label=label)
        for automation in automations:
            sample.add("plan_automation", plan_code=plan, automation=automation)
    for build in (
        _hawthorn_lane,
        _blue_heron,
        _larkspur,
        _saguaro,
        _tidepool,
        _northern_lantern,
        _kukui_grove,
        _ceiba,
        _prairie_wren,
        _millstone,
        _juniper_hollow,
        _cypress_landing,
    ):
        build(sample)
    return sample


def _hawthorn_lane(sample: Sample) -> None:
    """Who pays, and how that changes; appointments that are no candidates; the extra fields of two automations."""
    practice = Practice(
        sample, 1, "Hawthorn Lane Counseling", "America/New_York", ("Albany", "NY", "12207"), "complete"
    )
    practice.staff(1, "Merrivale", "Constance")
    practice.staff(2, "Tolliver", "Ambrose")
    practice.location(2, "Garden annex")
    practice.offer()
    practice.fee("60", "172.00", insurer=1, starts_on="2026-11-03")  # Tuesday's rate is not Monday's
    practice.settings()
    regular = practice.client(insurer=1)
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        practice.visit(regular, day)
    late = practice.client(insurer=2)
    practice.visit(late, MONDAY, "45", at=time(21, 30))  # Tuesday already in UTC
    practice.visit(practice.client(insurer=None, pays_by="self_pay"), MONDAY)
    leaving = practice.client(insurer=2)
    practice.pays_by(leaving, TUESDAY.isoformat(), "self_pay")
    practice.visit(leaving, MONDAY, "45")
    practice.visit(leaving, TUESDAY, "45")
    joining = practice.client(insurer=3, pays_by="self_pay")
    practice.pays_by(joining, TUESDAY.isoformat(), "insurance")
    practice.visit(joining, MONDAY, "45", staff=2)
    practice.visit(joining, TUESDAY, "45", staff=2)
    practice.visit(regular, MONDAY, status="cancelled", staff=2)
    practice.visit(late, TUESDAY, status="no_show", staff=2)
    practice.visit(regular, MONDAY, "complexity", is_billable=False, staff=2)
    practice.visit(late, THURSDAY, "45", status="scheduled", staff=2)
    research = practice.client(insurer=2)
    practice.visit(research, MONDAY, staff=2)
    practice.visit(late, MONDAY, "group", location=2, staff=2)
    practice.visit(late, MONDAY, "group", staff=2)
    practice.visit(late, WEDNESDAY, "intake", staff=2)
    practice.visit(regular, TUESDAY, "intake", staff=2)
    practice.rule(_CREATION, client=[research])
    practice.rule(_CREATION, location=[practice.number(2)])
    practice.rule(_CREATION, weekday=[3], service_type=[practice.service_id("intake")])


def _blue_heron(sample: Sample) -> None:
    """Signed notes: without supervisor, with one who approves, with one who cosigns."""
    practice = Practice(
        sample, 2, "Blue Heron Behavioral Health", "America/Chicago", ("Madison", "WI", "53703"), "complete"
    )
    practice.staff(1, "Okonwood", "Judith")
    practice.staff(2, "Bellweather", "Simon", supervisor=1, supervision="approve", is_billed_under_supervisor=True)
    practice.staff(3, "Farthing", "Priscilla", supervisor=1, supervision="cosign")
    practice.offer()
    practice.settings()
    practice.rule(_CREATION, progress_note_signed=["no"])
    for staff, notes in (
        (1, ("signed", "unsigned", "none")),
        (2, ("signed", "both", "unsigned", "supervisor")),
        (3, ("both", "signed", "supervisor", "none")),
    ):
        for note in notes:
            practice.visit(practice.client(insurer=1 + staff % 3), MONDAY, "60", staff=staff, note=note)
    for staff in (1, 2, 3):
        practice.visit(practice.client(insurer=staff), TUESDAY, "45", staff=staff)


def _larkspur(sample: Sample) -> None:
    """Every documented rule field of invoice creation: an appointment each keeps back, neighbours that pass."""
    practice = Practice(
        sample, 3, "Larkspur Therapy Group", "America/Denver", ("Fort Collins", "CO", "80521"), "complete"
    )
    practice.staff(1, "Whitcombe", "Leonora")
    practice.staff(2, "Pemberley", "Rufus")
    practice.staff(3, "Inglenook", "Hester")
    practice.offer()
    practice.settings("2026-10-26")
    regular = practice.client(insurer=1)
    other = practice.client(insurer=2)
    practice.rule(_CREATION, primary_insurer=[practice.number(3)])
    practice.rule(_CREATION, client_pays_by=["self_pay"])
    practice.rule(_CREATION, appointment_staff=[practice.number(3)])
    practice.rule(_CREATION, service_type=[practice.service_id("family")])
    practice.rule(_CREATION, appointment_date=["2026-10-30"])
    practice.rule(_CREATION, appointment_date_range=["2026-11-04/.."], appointment_staff=[practice.number(2)])
    practice.rule(_CREATION, progress_note_signed=["no"])
    practice.visit(practice.client(insurer=3), MONDAY)
    practice.visit(practice.client(insurer=None, pays_by="self_pay"), MONDAY)
    practice.visit(regular, MONDAY, "45", staff=3)
    practice.visit(other, MONDAY, "family", staff=2)
    practice.visit(other, MONDAY, "45", "family", staff=2)  # one of two services is enough
    practice.visit(regular, FRIDAY_BEFORE)
    practice.visit(other, WEDNESDAY, staff=2)
    practice.visit(other, MONDAY, note="unsigned", staff=2)
    practice.visit(regular, THURSDAY_BEFORE)
    practice.visit(regular, MONDAY)
    practice.visit(other, MONDAY, "45")
    practice.visit(other, MONDAY, "60", "complexity", staff=2)
    practice.visit(other, TUESDAY, staff=2)
    practice.visit(regular, WEDNESDAY)
    practice.visit(regular, TUESDAY, ("group", 2))


def _saguaro(sample: Sample) -> None:
    """Every documented and extra rule field of invoice processing."""
    practice = Practice(sample, 4, "Saguaro Family Counseling", "America/Phoenix", ("Tempe", "AZ", "85281"), "complete")
    practice.staff(1, "Dunstable", "Marguerite")
    practice.staff(2, "Applegarth", "Lionel")
    practice.staff(3, "Crowhurst", "Beatrix")
    practice.location(2, "School room", "03")
    practice.offer()
    practice.settings()
    regular = practice.client(insurer=1)
    other = practice.client(insurer=2)
    research = practice.client(insurer=2)
    practice.rule(_PROCESSING, primary_insurer=[practice.number(3)])
    practice.rule(_PROCESSING, claim_level=["primary"], primary_insurer=[practice.number(4)])
    practice.rule(_PROCESSING, rendering_provider=[practice.number(3)])
    practice.rule(_PROCESSING, service_type=[practice.service_id("family")])
    practice.rule(_PROCESSING, invoice_date=["2026-11-02"], service_type=[practice.service_id("group")])
    practice.rule(_PROCESSING, invoice_date_range=["2026-11-03/2026-11-03"], rendering_provider=[practice.number(2)])
    practice.rule(_PROCESSING, progress_note_signed=["no"])
    practice.rule(_PROCESSING, location=[practice.number(2)])
    practice.rule(_PROCESSING, client=[research])
    practice.rule(_PROCESSING, weekday=[2], service_type=[practice.service_id("intake")])
    practice.visit(practice.client(insurer=3), MONDAY)
    practice.visit(practice.client(insurer=4), MONDAY)
    practice.visit(practice.client(insurer=None, pays_by="self_pay"), MONDAY)
    practice.visit(regular, MONDAY, "45", staff=3)
    practice.visit(other, MONDAY, "family", staff=2)
    practice.visit(regular, MONDAY, "group", staff=2)
    practice.visit(regular, TUESDAY, "group")
    practice.visit(other, TUESDAY, "45", staff=2)
    practice.visit(other, MONDAY, "45", staff=2)
    practice.visit(other, TUESDAY, "60", note="unsigned")
    practice.visit(regular, MONDAY, "60", location=2)
    practice.visit(research, MONDAY)
    practice.visit(regular, TUESDAY, "intake")
    practice.visit(other, MONDAY, "intake", "complexity")
    practice.visit(regular, MONDAY, "45", at=time(19))


def _tidepool(sample: Sample) -> None:
    """Every documented and extra rule field of claims submission, under an alias of the zone."""
    practice = Practice(
        sample, 5, "Tidepool Psychology Associates", "US/Pacific", ("Eureka", "CA", "95501"), "complete"
    )
    practice.staff(1, "Hartington", "Cordelia")
    practice.staff(2, "Sallowfield", "Matthias")
    practice.provider(2, name="Tidepool Outreach Services")
    practice.location(2, "Harbor clinic", "50")
    practice.offer(insurers=(1, 2, 3))
    practice.insurer(4, billing_provider_id=practice.number(2))
    practice.insurer(5, name="Stillwater Guild Fund", payer_code="SGF05", claim_filing_code="CI")
    practice.settings("2026-10-26")
    regular = practice.client(insurer=1)
    other = practice.client(insurer=2)
    research = practice.client(insurer=2)
    doubly_insured = practice.client(insurer=1)
    practice.policy(doubly_insured, 2, level="secondary")
    covered_elsewhere = practice.client(insurer=1)
    practice.policy(covered_elsewhere, 3, level="secondary")
    practice.rule(_SUBMISSION, primary_insurer=[practice.number(3)])
    practice.rule(_SUBMISSION, secondary_insurer=[practice.number(2)])
    practice.rule(_SUBMISSION, claim_level=["primary", "tertiary"], primary_insurer=[practice.number(5)])
    practice.rule(_SUBMISSION, rendering_provider=[practice.number(2)])
    practice.rule(_SUBMISSION, billing_provider=[practice.number(2)])
    practice.rule(_SUBMISSION, service_type=[practice.service_id("family")])
    practice.rule(_SUBMISSION, place_of_service=["02"])
    practice.rule(_SUBMISSION, modifier=["HO", "HN"])
    practice.rule(_SUBMISSION, service_date=["2026-10-30"])
    practice.rule(_SUBMISSION, service_date_range=["../2026-10-29"])
    practice.rule(_SUBMISSION, progress_note_signed=["no"])
    practice.rule(_SUBMISSION, location=[practice.number(2)])
    practice.rule(_SUBMISSION, client=[research])
    practice.rule(_SUBMISSION, weekday=[1], service_type=[practice.service_id("group")])
    practice.visit(practice.client(insurer=3), MONDAY)
    practice.visit(doubly_insured, MONDAY)
    practice.visit(practice.client(insurer=5), MONDAY)
    practice.visit(regular, MONDAY, "45", staff=2)
    practice.visit(practice.client(insurer=4), MONDAY)
    practice.visit(other, MONDAY, "family")
    practice.visit(other, MONDAY, "video", place_of_service="02")
    practice.visit(regular, MONDAY, ("60", 1, "HO"))
    practice.visit(regular, FRIDAY_BEFORE)
    practice.visit(other, THURSDAY_BEFORE)
    practice.visit(practice.client(insurer=2), MONDAY, note="unsigned", at=time(17))
    practice.visit(practice.client(insurer=2), MONDAY, location=2, at=time(18))
    practice.visit(research, MONDAY, at=time(19))
    practice.visit(practice.client(insurer=1), MONDAY, "group", at=time(20))
    practice.visit(covered_elsewhere, MONDAY, "45", at=time(7))
    practice.visit(practice.client(insurer=1), MONDAY, "video", place_of_service="10", at=time(8))
    practice.visit(practice.client(insurer=2), MONDAY, "intake", "complexity", at=time(21))
    practice.visit(other, TUESDAY)


def _northern_lantern(sample: Sample) -> None:
    """The plan no longer includes claims submission; what came before the start date."""
    practice = Practice(
        sample, 6, "Northern Lantern Counseling", "America/Anchorage", ("Homer", "AK", "99603"), "starter"
    )
    practice.staff(1, "Frostwick", "Agatha")
    practice.offer(insurers=(1, 2))
    practice.settings("2026-11-02")
    regular = practice.client(insurer=1)
    other = practice.client(insurer=2)
    practice.visit(regular, FRIDAY_BEFORE)
    practice.visit(other, FRIDAY_BEFORE, "45")
    for day in (MONDAY, TUESDAY, WEDNESDAY):
        practice.visit(regular, day, "45")
        practice.visit(other, day)
    practice.visit(practice.client(insurer=1), MONDAY, "intake")


def _kukui_grove(sample: Sample) -> None:
    """Every blocked reason, holds, and claims held for what is wrong with billing providers and insurers."""
    practice = Practice(sample, 7, "Kukui Grove Psychology", "Pacific/Honolulu", ("Hilo", "HI", "96720"), "complete")
    practice.staff(1, "Lanternby", "Theodora")
    practice.provider(2, name="Kukui Grove East", npi=wrong_npi(7020))
    practice.provider(3, name="Kukui Grove West", tax_id="00-100703")
    practice.provider(4, name="Kukui Grove Upland", postal_code="96720")
    practice.offer(insurers=(1, 2), services=("60", "45", "intake", "family", "complexity"))
    for within, provider in ((3, 2), (4, 3), (5, 4)):
        practice.insurer(within, billing_provider_id=practice.number(provider))
    practice.insurer(6, name="Driftwood Provident", payer_code="", claim_filing_code="CI")
    practice.service("video")  # without any rate
    practice.service("group")
    practice.fee("group", "0.00")
    practice.fee("family", None, starts_on="2026-11-03")  # no rate from Tuesday on
    practice.settings()
    regular = practice.client(insurer=1)
    practice.visit(regular, MONDAY)
    practice.visit(regular, TUESDAY)
    practice.visit(regular, MONDAY, "video")
    practice.visit(regular, MONDAY, "group")
    practice.visit(regular, MONDAY, ("45", 0))
    practice.visit(practice.client(insurer=2), TUESDAY, "family")
    practice.visit(practice.client(insurer=None), MONDAY)
    practice.visit(practice.client(insurer=1, policy={"ends_on": "2026-10-31"}), MONDAY)
    practice.visit(practice.client(insurer=1, policy={"starts_on": "2026-11-10"}), MONDAY)
    practice.visit(practice.client(insurer=1, policy={"ends_on": "2026-11-02"}), MONDAY, at=time(20))
    practice.hold(practice.visit(practice.client(insurer=2), MONDAY, "45", at=time(7)), "waiting for a new referral")
    released = practice.visit(practice.client(insurer=2), MONDAY, "45", at=time(8))
    practice.hold(released, "back after the team meeting", WEDNESDAY.isoformat())
    for insurer in (3, 4, 5, 6):
        practice.visit(practice.client(insurer=insurer), MONDAY, at=time(12 + insurer))


def _ceiba(sample: Sample) -> None:
    """Names with accents, dependents, secondary insurance, telehealth, several services: all of it goes out."""
    practice = Practice(
        sample, 8, "Centro Ceiba de Psicología", "America/Puerto_Rico", ("Ponce", "PR", "00716"), "complete"
    )
    practice.staff(1, "Ibáñez Laurel", "Inés")
    practice.staff(2, "Riverón", "Tomás")
    practice.provider(
        2,
        name="Ibáñez Laurel",
        first_name="Inés",
        entity_type="person",
        npi=npi(8015),
        tax_id="000-10-0802",
        tax_id_type="social_security",
        taxonomy_code="103TC0700X",
        pay_to_address_1="PO Box 118",
        pay_to_city="Ponce",
        pay_to_state_code="PR",
        pay_to_postal_code="00732-0118",
    )
    practice.offer(insurers=(1, 2, 3))
    practice.insurer(4, billing_provider_id=practice.number(2))
    practice.settings()
    parent = practice.client(insurer=1, last_name="Peñaflor", first_name="Élodie", middle_name="Noël", sex="F")
    practice.visit(parent, MONDAY, "intake", "complexity")
    practice.visit(parent, TUESDAY, "video", place_of_service="10")
    subscriber = {
        "subscriber_last_name": "Montañez Ávila",
        "subscriber_first_name": "Joaquín",
        "subscriber_birth_on": "1979-05-17",
        "subscriber_sex": "M",
        "subscriber_address_1": "48 Calle Farolito",
        "subscriber_city": "Ponce",
        "subscriber_state_code": "PR",
        "subscriber_postal_code": "00716",
    }
    child = practice.client(
        insurer=1,
        last_name="Montañez",
        first_name="Lucía",
        birth_on="2014-08-23",
        sex="F",
        diagnoses=("F43.23", "Z63.5"),
        policy={"relationship": "child", **subscriber},
    )
    practice.visit(child, MONDAY, "family")
    practice.visit(child, WEDNESDAY, "45")
    spouse = practice.client(
        insurer=2,
        last_name="D'Aubigné-Solís",
        first_name="Zoë",
        sex="F",
        policy={"relationship": "spouse", **subscriber},
    )
    practice.visit(spouse, MONDAY, "45", staff=2)
    both = practice.client(insurer=1, diagnoses=("F33.1", "F41.1", "G47.00"))
    practice.policy(both, 3, level="secondary")
    practice.visit(both, MONDAY, "60", "complexity", staff=2)
    authorized = practice.client(insurer=2)
    practice.authorization(authorized, 2)
    practice.visit(authorized, MONDAY, "video", staff=2, place_of_service="10")
    practice.visit(authorized, TUESDAY, ("video", 1, "93"), staff=2, place_of_service="02")
    practice.visit(practice.client(insurer=4), MONDAY, ("group", 2), at=time(18))
    practice.visit(practice.client(insurer=4), TUESDAY, "60", staff=2)
    practice.visit(practice.client(insurer=None, pays_by="self_pay"), MONDAY, staff=2)
    practice.visit(practice.client(insurer=3), WEDNESDAY, "60", staff=2)
    practice.service("art", "Art therapy with a trained clinician, 45 minutes")
    practice.fee("art", UNLISTED_SERVICES["art"][3])
    referred = practice.client(insurer=2, referring_provider_id=practice.referring_provider(1, "Carrasquillo", "Belén"))
    practice.visit(referred, MONDAY, "art", at=time(7), claim_note="Second of four sessions that were agreed upon")
    practice.visit(
        practice.client(insurer=3, diagnoses=("F43.11",)),
        MONDAY,
        staff=2,
        at=time(7),
        accident_cause="auto",
        accident_on="2026-08-14",
        accident_state_code="PR",
    )
    # Older than all automation: what a biller does about it by hand is in sample_hand_work.py.
    practice.visit(both, LONG_BEFORE, "60", staff=2)


def _prairie_wren(sample: Sample) -> None:
    """Claims held for what is missing or wrong in client, coverage and clinician data; clean ones beside them."""
    practice = Practice(sample, 9, "Prairie Wren Counseling", "America/Chicago", ("Decatur", "IL", "62523"), "complete")
    practice.staff(1, "Sorrelby", "Winifred")
    practice.staff(2, "Brackenridge", "Osbert", npi="")
    practice.staff(3, "Clovelly", "Harriet", npi=wrong_npi(9035))
    practice.location(2, "Visiting room", "")
    practice.offer(insurers=(1, 2))
    practice.settings()
    slot = 7
    for flaw in (
        {"first_name": ""},
        {"last_name": ""},
        {"birth_on": ""},
        {"birth_on": "2027-02-01"},
        {"birth_on": "1871-04-02"},
        {"sex": ""},
        {"address_1": ""},
        {"postal_code": ""},
        {"diagnoses": ()},
        {"policy": {"member_id": ""}},
    ):
        practice.visit(practice.client(insurer=1, **flaw), MONDAY, at=time(slot))
        slot += 1
    practice.visit(practice.client(insurer=2), MONDAY, staff=2)
    practice.visit(practice.client(insurer=2), MONDAY, staff=3)
    practice.visit(practice.client(insurer=2), MONDAY, location=2, at=time(17))
    twice = practice.client(insurer=2)
    practice.visit(twice, MONDAY, at=time(18))
    again = practice.visit(twice, MONDAY, at=time(19, 30))
    # A night later than its twin, so that the first has been sent when the second is scrubbed.
    practice.hold(again, "is this the same session?", TUESDAY.isoformat())
    practice.visit(practice.client(insurer=1), MONDAY, "45", at=time(21))
    practice.visit(practice.client(insurer=2), MONDAY, "intake", at=time(6))
    practice.visit(practice.client(insurer=2), TUESDAY, "45")
    practice.service("garden")  # an unlisted code, and nobody wrote what it stands for
    practice.fee("garden", UNLISTED_SERVICES["garden"][3])
    practice.visit(practice.client(insurer=2), MONDAY, "garden", at=time(5))


def _millstone(sample: Sample) -> None:
    """Only invoice creation is on; processing was switched off again."""
    practice = Practice(
        sample, 10, "Millstone Creek Therapy", "America/New_York", ("Bangor", "ME", "04401"), "complete"
    )
    practice.staff(1, "Gallowglass", "Rowena")
    practice.offer(insurers=(1, 2))
    practice.setting(_CREATION, "2026-11-02")
    practice.setting(_PROCESSING, "2026-10-12", is_enabled=False)
    practice.self_pay_rule()
    regular = practice.client(insurer=1)
    for day in (FRIDAY_BEFORE, MONDAY, TUESDAY, WEDNESDAY):
        practice.visit(regular, day)
        practice.visit(practice.client(insurer=2), day, "45")


def _juniper_hollow(sample: Sample) -> None:
    """Processing is paused until Wednesday; what waited before the start date was included."""
    practice = Practice(sample, 11, "Juniper Hollow Wellness", "America/Denver", ("Laramie", "WY", "82070"), "complete")
    practice.staff(1, "Yarrowdale", "Clement")
    practice.offer(insurers=(1, 2))
    practice.setting(_CREATION, "2026-11-02", includes_earlier=True)
    practice.setting(_PROCESSING, "2026-11-02", paused_until=WEDNESDAY.isoformat())
    practice.setting(_SUBMISSION, "2026-11-02")
    practice.self_pay_rule()
    regular = practice.client(insurer=1)
    for day in (FRIDAY_BEFORE, MONDAY, TUESDAY, WEDNESDAY):
        practice.visit(regular, day, "45")
        practice.visit(practice.client(insurer=2), day)
    # More lines than one claim holds.
    practice.visit(practice.client(insurer=2), MONDAY, "60", *["complexity"] * 51, at=time(14))


def _cypress_landing(sample: Sample) -> None:
    """Nothing was ever switched on."""
    practice = Practice(
        sample, 12, "Cypress Landing Counseling", "America/Los_Angeles", ("Astoria", "OR", "97103"), "complete"
    )
    practice.staff(1, "Wavecrest", "Philippa")
    practice.offer(insurers=(1,))
    regular = practice.client(insurer=1)
    for day in (FRIDAY_BEFORE, MONDAY, TUESDAY, WEDNESDAY):
        practice.visit(regular, day)
        practice.visit(practice.client(insurer=1), day, "45")


def write_sample(directory: Path) -> list[Path]:
    """Write one CSV file per table into `directory` and return their paths, in order of loading."""
    sample = build_sample()
    paths = []
    for name, table in TABLES.items():
        path = directory / table.file
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, table.column_names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(sample.rows[name])
        paths.append(path)
    return paths


if __name__ == "__main__":
    write_sample(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "sample")
