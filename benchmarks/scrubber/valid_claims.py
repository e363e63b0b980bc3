"""Valid claims of outpatient mental-health practices, drawn from a seed.

Each claim is one that a careful biller would send and the receivers described by `reference_facts` would take. Kinds:
evaluations, psychotherapy alone and with an E/M service, family, group and crisis sessions, testing, an unlisted
service; solo and group practices, supervised staff on the claim or billed under the supervisor; office, second site,
video and audio; members and dependents; primary, secondary and tertiary claims; replacements and voids; accidents.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Final

from benchmarks.scrubber.adjudication import adjudicate
from benchmarks.scrubber.one_claim import OneClaim, Row, frames_of
from benchmarks.scrubber.places import MILITARY, PLACES, Place
from benchmarks.scrubber.practices import (
    FIRST_NAMES,
    LAST_NAMES,
    PAYER,
    PAYERS,
    PRACTICES,
    PRESCRIBERS,
    TAXONOMIES,
    Clinician,
    Payer,
    Practice,
    draw_extension,
    draw_member_id,
    draw_npi,
    draw_street,
)
from include.claim_frames import ClaimFrames

#: The night on which the claims are scrubbed; every date is relative to it.
AS_OF: Final = date(2026, 11, 3)

_ANYONE = ("MD", "PMHNP", "PSYCHOLOGIST", "LCSW", "LPC", "LMFT", "LMSW")


@dataclass(frozen=True)
class Service:
    """What is billed for one session: procedure, units and modifiers of each line; its minutes; who may render it."""

    lines: tuple[tuple[str, int, str | None], ...]
    minutes: tuple[int, int]
    weight: int
    licenses: tuple[str, ...] = _ANYONE
    by_video: bool = True
    by_audio: bool = False


def _lines(*codes: str) -> tuple[tuple[str, int, str | None], ...]:
    return tuple((code, 1, None) for code in codes)


_TESTING = (("96130", 1, None), ("96131", 2, None), ("96136", 1, None), ("96137", 3, None))
SERVICES: Final = (
    Service(_lines("90791"), (45, 75), 6, by_audio=True),
    Service(_lines("90792"), (45, 75), 4, PRESCRIBERS),
    Service(_lines("90832"), (18, 36), 5, by_audio=True),
    Service(_lines("90834"), (40, 52), 12, by_audio=True),
    Service(_lines("90837"), (53, 65), 16, by_audio=True),
    Service(_lines("90834", "90785"), (40, 52), 3),
    Service(_lines("90837", "90785"), (53, 65), 3),
    Service(_lines("90846"), (45, 55), 3, by_audio=True),
    Service(_lines("90847"), (45, 55), 5),
    Service((("90847", 1, None), ("90834", 1, "59")), (95, 104), 3),
    Service(_lines("90853"), (60, 90), 5),
    Service(_lines("90853", "90785"), (60, 90), 2),
    Service(_lines("90839"), (40, 70), 2),
    Service(_lines("90839", "90840"), (80, 100), 3),
    Service(_TESTING, (300, 330), 3, ("PSYCHOLOGIST",), by_video=False),
    Service(_lines("90899"), (50, 60), 1, by_video=False),
    Service(_lines("99213"), (20, 29), 4, PRESCRIBERS),
    Service(_lines("99214"), (30, 39), 4, PRESCRIBERS),
    Service(_lines("99204"), (45, 59), 2, PRESCRIBERS),
    Service(_lines("99213", "90833"), (28, 36), 5, PRESCRIBERS),
    Service(_lines("99214", "90836"), (48, 52), 4, PRESCRIBERS),
    Service(_lines("99214", "90838"), (70, 80), 2, PRESCRIBERS),
    Service(_lines("99213", "90833", "90785"), (28, 36), 2, PRESCRIBERS),
)
FEES: Final = {
    "90791": 21000, "90792": 23500, "90832": 9500, "90834": 13000, "90837": 16500, "90785": 1850, "90846": 14000,
    "90847": 15000, "90853": 5225, "90839": 19000, "90840": 9000, "96130": 17500, "96131": 13000, "96136": 6500,
    "96137": 6000, "90899": 8000, "99213": 12000, "99214": 17000, "99204": 22000, "99215": 23000, "90833": 9000,
    "90836": 11500, "90838": 15000, "96127": 900,
}  # fmt: skip

# ICD-10-CM codes that are billable in every release from October 2024 on, without the dot.
ADULT_DIAGNOSES: Final = (
    "F330", "F331", "F332", "F3341", "F3342", "F320", "F321", "F324", "F32A", "F341", "F3131", "F3181", "F319", "F410",
    "F411", "F418", "F419", "F4010", "F422", "F4310", "F4312", "F4321", "F4322", "F4323", "F4381", "F50011", "F50810",
    "F603", "F633", "F900", "F209", "F250", "F1020", "F1120",
)  # fmt: skip
CHILD_DIAGNOSES: Final = ("F900", "F902", "F913", "F930", "F940", "F952", "F840", "F3481", "F411", "F4325", "F4323")
#: Go beside any of the above.
FURTHER_DIAGNOSES: Final = (
    "G4700", "F17210", "Z630", "Z566", "Z602", "Z635", "Z634", "Z9151", "Z553", "Z5900", "R45851", "Z7189", "Z730",
    "Z62820",
)  # fmt: skip

_SECONDARY_PAYERS = ("QFM01", "BWH02", "STM06", "FEP09")
_FIRST_PAYERS = ("MRB05", "QFM01", "BWH02", "CLA03", "GMA08")
# Those who take a clinician without licence of their own: under the supervisor's name, or with the supervisor named.
_BILLED_UNDER_SUPERVISOR = ("BWH02",)
_SUPERVISED = ("QFM01", "STM06", *_BILLED_UNDER_SUPERVISOR)


def valid_claims(count: int, seed: int) -> ClaimFrames:
    """`count` valid claims, ids from 1, in order of organization and claim; the same seed gives the same claims."""
    rng = Random(seed)
    practices = sorted(rng.choices(PRACTICES, k=count), key=lambda practice: practice.organization_id)
    return frames_of([valid_claim(number, practice, rng) for number, practice in enumerate(practices, start=1)])


def valid_claim(claim_id: int, practice: Practice, rng: Random) -> OneClaim:
    """One valid claim of `practice`."""
    staff = rng.choice(practice.staff)
    level = "primary" if staff.supervisor else rng.choices(("primary", "secondary", "tertiary"), (84, 13, 3))[0]
    chain = _insurers(level, staff, rng)
    payer = chain[-1]
    service = _service(staff, payer, level, rng)
    is_correction = level == "primary" and rng.random() < 0.08
    days_ago = rng.randrange(35, 80) if is_correction or level != "primary" else rng.randrange(1, 40)
    if level == "primary" and payer.limit_days <= 120 and rng.random() < 0.1:
        days_ago = payer.limit_days  # the last day on which the insurer takes the claim
    service_on = AS_OF - timedelta(days=days_ago)
    telehealth = _telehealth(service, payer, rng)
    claim: Row = {
        "claim_id": claim_id,
        "organization_id": practice.organization_id,
        "claim_number": f"K{claim_id:09d}{2 if is_correction else 1}",
        "version": 2 if is_correction else 1,
        "level": level,
        "frequency_code": rng.choice(("7", "7", "8")) if is_correction else "1",
        "payer_claim_control_number": f"{rng.randrange(10**11):011d}" if is_correction else None,
        "invoice_id": 500_000 + claim_id,
        "appointment_id": 700_000 + claim_id,
        **_billing(practice),
        **_clinicians(staff, payer, rng),
        "session_minutes": rng.randint(*service.minutes),
        "telehealth": telehealth,
        "note_status": "signed",
        "policies_at_level": 1,
        "part": 1,
        "part_count": 1,
    }
    claim |= _place_of_service(practice, telehealth, rng)
    lines = _service_lines(claim, service, payer, service_on, practice, rng)
    patient = _patient(claim, practice, chain, service_on, rng)
    claim |= patient
    claim |= _policy(claim, payer, service_on, rng)
    claim |= _authorization(payer, lines, service_on, rng)
    claim |= _circumstances(claim, payer, lines, service_on, rng)
    made = OneClaim(claim, lines, _diagnoses(claim, lines, service_on, rng))
    made.total()
    for number, other in enumerate(chain[:-1]):
        adjudicate(made, ("primary", "secondary")[number], other, rng)
    if staff.license_type in PRESCRIBERS and level == "primary" and rng.random() < 0.1:
        other_number = f"K{900_000_000 + claim_id}1"
        made.same_day_lines.append({"other_claim_number": other_number, "procedure_code": "96127", "unit_count": 1})
    return made


def _insurers(level: str, staff: Clinician, rng: Random) -> list[Payer]:
    """The insurers of the claim in order, its own one last."""
    if staff.supervisor:
        return [PAYER[rng.choice(_SUPERVISED)]]
    if level == "primary":
        return [rng.choice(PAYERS)]
    if level == "secondary":
        own = PAYER[rng.choice(_SECONDARY_PAYERS)]
        return [PAYER[rng.choice([code for code in _FIRST_PAYERS if code != own.code])], own]
    return [PAYER["MRB05"], PAYER[rng.choice(("QFM01", "BWH02"))], PAYER["STM06"]]


def _service(staff: Clinician, payer: Payer, level: str, rng: Random) -> Service:
    fitting = [service for service in SERVICES if staff.license_type in service.licenses]
    if level != "primary":
        fitting = [service for service in fitting if service.lines[0][0] != "90899"]
    return rng.choices(fitting, [service.weight for service in fitting])[0]


def _telehealth(service: Service, payer: Payer, rng: Random) -> str | None:
    drawn = rng.random()
    if not payer.has_telehealth or not service.by_video or drawn > 0.4:
        return None
    return "audio" if service.by_audio and drawn < 0.07 else "video"


def _billing(practice: Practice) -> Row:
    home = practice.sites[0]
    zip_extension = home.zip_extension
    row: Row = {
        "billing_provider_id": practice.organization_id * 10,
        "billing_entity_type": "1" if practice.is_solo else "2",
        "billing_name": practice.name,
        "billing_first_name": practice.staff[0].first_name if practice.is_solo else None,
        "billing_npi": practice.npi,
        "billing_tax_id": practice.tax_id,
        "billing_tax_id_type": practice.tax_id_type,
        "billing_taxonomy_code": practice.taxonomy_code,
        "billing_address_1": home.address_1,
        "billing_address_2": "Suite 200" if practice.organization_id % 5 == 0 else None,
        "billing_city": home.place.city,
        "billing_state_code": home.place.state_code,
        "billing_postal_code": home.place.postal_code + ("-" if practice.organization_id % 2 else "") + zip_extension,
        "billing_phone": practice.phone,
    }
    if practice.pays_to_box:
        row |= {
            "pay_to_address_1": f"PO Box {practice.organization_id * 37}",
            "pay_to_city": home.place.city,
            "pay_to_state_code": home.place.state_code,
            "pay_to_postal_code": f"{home.place.postal_code}-{zip_extension}",
        }
    return row


def _clinicians(staff: Clinician, payer: Payer, rng: Random) -> Row:
    shown = staff
    row: Row = {"treating_staff_id": staff.staff_id, "treating_license_type": staff.license_type}
    if staff.supervisor and payer.code in _BILLED_UNDER_SUPERVISOR:
        shown = staff.supervisor
    elif staff.supervisor:
        row |= {
            "supervising_last_name": staff.supervisor.last_name,
            "supervising_first_name": staff.supervisor.first_name,
            "supervising_npi": staff.supervisor.npi,
        }
    row |= {
        "rendering_staff_id": shown.staff_id,
        "rendering_last_name": shown.last_name,
        "rendering_first_name": shown.first_name,
        "rendering_npi": shown.npi,
        "rendering_taxonomy_code": TAXONOMIES[shown.license_type],
        "rendering_license_type": shown.license_type,
    }
    if rng.random() < 0.15:
        row |= {
            "referring_entity_type": "1",
            "referring_last_name": rng.choice(LAST_NAMES),
            "referring_first_name": rng.choice(FIRST_NAMES)[0],
            "referring_npi": draw_npi(rng),
        }
    return row


def _place_of_service(practice: Practice, telehealth: str | None, rng: Random) -> Row:
    site = practice.sites[0] if telehealth else rng.choice(practice.sites)
    at_home = "10" if rng.random() < 0.8 else "02"
    return {
        "place_of_service_code": at_home if telehealth else site.place_of_service_code,
        "location_id": site.location_id,
        "facility_name": site.name or f"{practice.name} Office",
        "facility_npi": site.npi,
        "facility_address_1": site.address_1,
        "facility_address_2": "Suite 200" if not site.name and practice.organization_id % 5 == 0 else None,
        "facility_city": site.place.city,
        "facility_state_code": site.place.state_code,
        "facility_postal_code": site.place.postal_code + site.zip_extension,
    }


def _service_lines(
    claim: Row, service: Service, payer: Payer, service_on: date, practice: Practice, rng: Random
) -> list[Row]:
    own = {"video": payer.video_modifier, "audio": payer.audio_modifier}.get(str(claim["telehealth"]))
    if not own and payer.filing_code == "MC" and rng.random() < 0.5:
        own = "HO"  # master's level: one of the modifiers Medicaid plans price by
    rate = 90 + practice.organization_id % 5 * 5
    lines = []
    for code, units, modifier in service.lines:
        modifiers = [each for each in (own, modifier) if each]
        lines.append(
            {
                "service_on": service_on,
                "procedure_code": code,
                "modifier_1": modifiers[0] if modifiers else None,
                "modifier_2": modifiers[1] if len(modifiers) > 1 else None,
                "unit_count": units,
                "charge_cents": FEES[code] * units * rate // 100,
                "place_of_service_code": claim["place_of_service_code"],
                "description": "Community reintegration session" if code == "90899" else None,
                "line_note": None,
            }
        )
    return lines


def _patient(claim: Row, practice: Practice, chain: list[Payer], service_on: date, rng: Random) -> Row:
    is_member = any(payer.has_only_members for payer in chain) or rng.random() < 0.75
    relationship = "self" if is_member else rng.choice(("child", "child", "child", "spouse", "other"))
    if any(payer.code in ("MRB05", "GMA08") for payer in chain):
        age = rng.randrange(65, 93) if rng.random() < 0.8 else rng.randrange(31, 65)
    elif relationship == "child" or (chain[-1].code == "STM06" and rng.random() < 0.4):
        age = rng.randrange(5, 24)
    else:
        age = rng.randrange(19, 80)
    place = rng.choice(PLACES[practice.state_code])
    if chain[-1].filing_code == "CH" and rng.random() < 0.3:
        place = rng.choice(MILITARY)
    patient = _person("patient", rng, place, service_on - timedelta(days=age * 365 + rng.randrange(30, 330)))
    if relationship == "self":
        subscriber = {column.replace("patient", "subscriber"): value for column, value in patient.items()}
    else:
        years = age + rng.randrange(21, 40) if relationship == "child" else rng.randrange(25, 70)
        subscriber = _person("subscriber", rng, place, service_on - timedelta(days=years * 365 + rng.randrange(300)))
        if relationship == "child":
            subscriber["subscriber_last_name"] = patient["patient_last_name"]
    return {"client_id": 300_000 + int(claim["claim_id"]), **patient, "relationship": relationship, **subscriber}


def _person(prefix: str, rng: Random, place: Place, birth_on: date) -> Row:
    first_name, sex = rng.choice(FIRST_NAMES)
    unit = f"Apt #{rng.randrange(1, 40)}B" if rng.random() < 0.2 else None
    has_extension = rng.random() < 0.3
    return {
        f"{prefix}_last_name": rng.choice(LAST_NAMES),
        f"{prefix}_first_name": first_name,
        f"{prefix}_middle_name": rng.choice("ABCDEJLMR") if rng.random() < 0.3 else None,
        f"{prefix}_birth_on": birth_on,
        f"{prefix}_sex": sex,
        # A person may live in a post office box.
        f"{prefix}_address_1": f"PO Box {rng.randrange(1, 999)}" if rng.random() < 0.05 else draw_street(rng),
        f"{prefix}_address_2": unit,
        f"{prefix}_city": place.city,
        f"{prefix}_state_code": place.state_code,
        f"{prefix}_postal_code": place.postal_code + (f"-{draw_extension(rng)}" if has_extension else ""),
    }


def _policy(claim: Row, payer: Payer, service_on: date, rng: Random) -> Row:
    has_group = payer.filing_code not in ("MB", "MC", "CH", "AM") and rng.random() < 0.8
    is_ended = rng.random() < 0.1
    return {
        "policy_id": 800_000 + int(claim["claim_id"]),
        "insurer_id": payer.insurer_id,
        "payer_name": payer.name,
        "payer_code": payer.code,
        "claim_filing_code": payer.filing_code,
        "member_id": draw_member_id(payer, rng),
        "group_number": f"GRP{rng.randrange(1000, 99999)}" if has_group else None,
        "policy_starts_on": None if rng.random() < 0.1 else service_on - timedelta(days=rng.randrange(0, 1500)),
        "policy_ends_on": service_on + timedelta(days=rng.randrange(0, 90)) if is_ended else None,
        "assignment_of_benefits": True,
        "release_of_information": True,
    }


def _authorization(payer: Payer, lines: list[Row], service_on: date, rng: Random) -> Row:
    codes = {line["procedure_code"] for line in lines}
    is_required = None in payer.authorized_codes or bool(codes & set(payer.authorized_codes))
    if not is_required and rng.random() < 0.9:
        return {}
    limit = None if rng.random() < 0.2 else rng.randrange(6, 30)
    return {
        "authorization_number": f"A{rng.randrange(10**8):08d}",
        "authorization_starts_on": service_on - timedelta(days=rng.randrange(0, 100)),
        "authorization_ends_on": None if rng.random() < 0.2 else service_on + timedelta(days=rng.randrange(0, 100)),
        "authorization_visit_limit": limit,
        "authorization_visit_count": rng.randrange(0, limit) if limit else rng.randrange(0, 9),
    }


def _circumstances(claim: Row, payer: Payer, lines: list[Row], service_on: date, rng: Random) -> Row:
    row: Row = {}
    if payer.filing_code == "AM":
        accident_on = service_on - timedelta(days=rng.randrange(10, 200))
        row |= {"accident_cause": "auto", "accident_on": accident_on}
        row["accident_state_code"] = claim["billing_state_code"]
    elif rng.random() < 0.01:
        row |= {"accident_cause": "other", "accident_on": service_on - timedelta(days=rng.randrange(5, 90))}
    if rng.random() < 0.05:
        row["claim_note"] = "Records on request, see prior authorization & treatment plan"
    if lines[0]["procedure_code"] not in ("90791", "90792") and rng.random() < 0.5:
        row["prior_evaluation_on"] = service_on - timedelta(days=rng.randrange(20, 600))
    return row


def _diagnoses(claim: Row, lines: list[Row], service_on: date, rng: Random) -> list[Row]:
    """Draws the diagnoses and lets the lines point at the first ones."""
    is_child = (service_on - claim["patient_birth_on"]).days < 18 * 365
    codes = [rng.choice(CHILD_DIAGNOSES if is_child else ADULT_DIAGNOSES)]
    codes += rng.sample(FURTHER_DIAGNOSES, rng.choices((0, 1, 2, 3, 11), (50, 25, 15, 7, 3))[0])
    for line in lines:
        line["diagnosis_pointers"] = ":".join(str(rank + 1) for rank in range(min(len(codes), rng.randint(1, 4))))
    return [{"rank": rank, "diagnosis_code": code} for rank, code in enumerate(codes, start=1)]
