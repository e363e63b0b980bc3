"""The invented world the claims come from: insurers, practices and their staff. It is the same for every seed.

Nobody in it exists. Tax ids, member ids and street addresses are made up, phone numbers are 555-01xx. NPIs have a right
check digit, begin with 1 and are drawn outside the pattern that issued NPIs show (fourth digit = second + 3), so that
they belong to nobody as far as that pattern holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Final

from benchmarks.scrubber.places import AREA_CODES, PLACES, Place


def check_digit(body: str) -> str:
    """The tenth digit of an NPI whose first nine are `body`.

    Source: CMS, Requirements for National Provider Identifier (NPI) and NPI Check Digit: Luhn over 80840 + body.
    """
    digits = [int(character) for character in reversed("80840" + body)]
    total = sum(sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return str(-total % 10)


def draw_npi(rng: Random) -> str:
    """A valid NPI outside the pattern of issued ones."""
    second = rng.randrange(10)
    fourth = rng.choice([digit for digit in range(10) if digit != (second + 3) % 10])
    body = f"1{second}{rng.randrange(10)}{fourth}{rng.randrange(10**5):05d}"
    return body + check_digit(body)


@dataclass(frozen=True)
class Payer:
    """An insurer and what it asks for. `authorized_codes` with None in it: every service needs an authorization."""

    insurer_id: int
    name: str
    code: str
    filing_code: str
    limit_days: int
    video_modifier: str = "95"
    audio_modifier: str = "93"
    authorized_codes: tuple[str | None, ...] = ()
    licenses: tuple[str, ...] = ()
    supervised_licenses: tuple[str, ...] = ()
    is_enrollment_checked: bool = False
    #: The patient is always the member (Medicare, Medicaid and their like).
    has_only_members: bool = False
    has_telehealth: bool = True


_INDEPENDENT: Final = ("MD", "PMHNP", "PSYCHOLOGIST", "LCSW", "LPC", "LMFT")
_TESTING: Final = ("96130", "96131", "96136", "96137")

PAYERS: Final = (
    Payer(1, "Quillfeather Mutual", "QFM01", "CI", 180, licenses=(*_INDEPENDENT, "LMSW"),
          supervised_licenses=("LMSW",)),
    Payer(2, "Bramblewick Health Plan", "BWH02", "BL", 365),
    Payer(3, "Copperleaf Assurance", "CLA03", "12", 90, licenses=_INDEPENDENT),
    Payer(4, "Lanternfield Benefit Trust", "LBT04", "HM", 120, authorized_codes=("90837", *_TESTING)),
    Payer(5, "Medicare Part B", "MRB05", "MB", 365, licenses=_INDEPENDENT, is_enrollment_checked=True,
          has_only_members=True),
    Payer(6, "State Medicaid", "STM06", "MC", 365, video_modifier="GT", licenses=(*_INDEPENDENT, "LMSW"),
          supervised_licenses=("LMSW",), is_enrollment_checked=True, has_only_members=True),
    Payer(7, "Sycamore Military Health", "SMH07", "CH", 365, authorized_codes=(None,)),
    Payer(8, "Goldfinch Medicare Advantage", "GMA08", "16", 365, has_only_members=True),
    Payer(9, "Fennel Exchange Plan", "FEP09", "14", 95),
    Payer(10, "Larkspur Auto Casualty", "LAC10", "AM", 180, has_only_members=True, has_telehealth=False),
)  # fmt: skip
PAYER: Final = {payer.code: payer for payer in PAYERS}

TAXONOMIES: Final = {
    "MD": "2084P0800X",
    "PMHNP": "363LP0808X",
    "PSYCHOLOGIST": "103TC0700X",
    "LCSW": "1041C0700X",
    "LPC": "101YP2500X",
    "LMFT": "106H00000X",
    "LMSW": "104100000X",
}
PRESCRIBERS: Final = ("MD", "PMHNP")
GROUP_TAXONOMIES: Final = ("261QM0801X", "193400000X", "193200000X", "251S00000X")


@dataclass(frozen=True)
class Clinician:
    """Who renders services. `supervisor` is set for those who may not work on their own."""

    staff_id: int
    last_name: str
    first_name: str
    npi: str
    license_type: str
    supervisor: Clinician | None = None


@dataclass(frozen=True)
class Site:
    """A place of service of a practice; without a name it is the billing address itself."""

    location_id: int
    place_of_service_code: str
    name: str
    npi: str | None
    address_1: str
    place: Place
    zip_extension: str


@dataclass(frozen=True)
class Practice:
    """A practice with its one billing provider; a solo practice bills as the person who works there."""

    organization_id: int
    name: str
    npi: str
    tax_id: str
    tax_id_type: str
    taxonomy_code: str
    phone: str
    is_solo: bool
    pays_to_box: bool
    sites: tuple[Site, ...]
    staff: tuple[Clinician, ...] = field(default=())

    @property
    def state_code(self) -> str:
        """Of the billing address."""
        return self.sites[0].place.state_code


LAST_NAMES: Final = (
    "O'Malley", "D'Souza", "Nguyen", "García-Rivera", "Peña", "Muñoz", "Smith-Okafor", "de la Cruz", "St. James",
    "Łukaszewski", "Ångström", "Begaye", "Kealoha", "Ashgrove", "Birchwell", "Cedarholm", "Dunmarsh", "Fernhollow",
    "Hazelmere", "Ivybridge", "Mossgate", "Nettlefold", "Oakhaven", "Thornapple", "Vinterley", "Willowmead", "Ng",
    "Van Buren", "Müller", "Özdemir", "Fitzgerald", "McAllister", "Abernathy", "Lindqvist", "Yazzie", "Kowalczyk",
)  # fmt: skip
FIRST_NAMES: Final = (
    ("Adela", "F"), ("Bertram", "M"), ("Chloë", "F"), ("Dorian", "M"), ("Édith", "F"), ("José", "M"), ("Greta", "F"),
    ("Hollis", "U"), ("Imogen", "F"), ("Jasper", "M"), ("Anne-Marie", "F"), ("Leander", "M"), ("Mabel", "F"),
    ("D'Andre", "M"), ("Zoë", "F"), ("Percy", "M"), ("Rosalind", "F"), ("Søren", "M"), ("Tamsin", "F"), ("Bo", "M"),
)  # fmt: skip
STREETS: Final = (
    "N Main St", "Harbor View Rd", "Boxwood Lane", "Larimer St", "E 4th Ave", "Postmill Road", "County Road 12",
    "Martin Luther King Jr Blvd", "Avenida Central", "Old Mill Pkwy", "Rt 9W", "Box Elder Drive",
)  # fmt: skip
#: IRS campuses' prefixes that are in use.
_EIN_PREFIXES: Final = ("20", "26", "27", "45", "46", "47", "81", "82", "83", "84", "85", "86", "87", "88")


def draw_street(rng: Random) -> str:
    """A street address; some contain the word Box or Post without being a post office box."""
    return f"{rng.randrange(100, 9900)} {rng.choice(STREETS)}"


def draw_extension(rng: Random) -> str:
    """The last four digits of a nine-digit ZIP code."""
    return f"{rng.randrange(1001, 9997)}"


def _practice(number: int, state_code: str, rng: Random) -> Practice:
    places = PLACES[state_code]
    is_solo = number % 3 == 0
    staff = _solo_staff(number, rng) if is_solo else _group_staff(number, rng)
    sites = [Site(number * 10, "11", "", None, draw_street(rng), places[0], draw_extension(rng))]
    first = staff[0]
    name = first.last_name if is_solo else f"{rng.choice(LAST_NAMES[13:])} {rng.choice(_KINDS)}"
    if not is_solo:
        other_site = (number * 10 + 1, rng.choice(("11", "11", "53")), f"{name} - {places[1].city}")
        sites.append(
            Site(*other_site, rng.choice((None, draw_npi(rng))), draw_street(rng), places[1], draw_extension(rng))
        )
    uses_ssn = is_solo and number % 2 == 0
    digits = f"{rng.randrange(10**7):07d}"
    return Practice(
        organization_id=number,
        name=name,
        npi=first.npi if is_solo else draw_npi(rng),
        # Areas from 773 on were not given to anybody before mid-2011: no clinician of today has such a number.
        tax_id=f"{rng.randrange(773, 899)}{rng.randrange(1, 99):02d}{rng.randrange(1, 9999):04d}"
        if uses_ssn
        else f"{rng.choice(_EIN_PREFIXES)}{rng.choice(('-', ''))}{digits}",
        tax_id_type="SY" if uses_ssn else "EI",
        taxonomy_code=TAXONOMIES[first.license_type] if is_solo else rng.choice(GROUP_TAXONOMIES),
        phone=f"({AREA_CODES[state_code]}) 555-01{rng.randrange(100):02d}",
        is_solo=is_solo,
        pays_to_box=number % 4 == 1,
        sites=tuple(sites),
        staff=staff,
    )


_KINDS: Final = ("Counseling Group", "Behavioral Health PLLC", "Psychiatry & Therapy", "Family Therapy, LLC")


def _clinician(staff_id: int, license_type: str, rng: Random, supervisor: Clinician | None = None) -> Clinician:
    first_name, _ = rng.choice(FIRST_NAMES)
    return Clinician(staff_id, rng.choice(LAST_NAMES), first_name, draw_npi(rng), license_type, supervisor)


def _solo_staff(number: int, rng: Random) -> tuple[Clinician, ...]:
    return (_clinician(number * 100, _INDEPENDENT[number // 3 % len(_INDEPENDENT)], rng),)


def _group_staff(number: int, rng: Random) -> tuple[Clinician, ...]:
    licenses = ("LCSW", "PSYCHOLOGIST", rng.choice(PRESCRIBERS), rng.choice(("LPC", "LMFT")))
    own = [_clinician(number * 100 + place, license_type, rng) for place, license_type in enumerate(licenses)]
    return (*own, _clinician(number * 100 + 9, "LMSW", rng, supervisor=own[0]))


def draw_member_id(payer: Payer, rng: Random) -> str:
    """A member id of the form `payer` uses.

    Source of the Medicare form: CMS, Understanding the Medicare Beneficiary Identifier (MBI) Format.
    """
    if payer.filing_code == "MB":
        letters, digits = "ACDEFGHJKMNPQRTUVWXY", "0123456789"
        form = ("123456789", letters, letters + digits, digits, letters, letters + digits, digits, letters, letters)
        return "".join(rng.choice(choices) for choices in (*form, digits, digits))
    return rng.choice(("W", "XQF", "YBH", "")) + f"{rng.randrange(10**8, 10**9)}" + rng.choice(("", "01"))


#: One practice in every state and territory, in order of organization_id.
PRACTICES: Final = tuple(
    _practice(number, state_code, rng) for rng in [Random(1)] for number, state_code in enumerate(PLACES, start=1)
)
