"""One case per field and what can go wrong with it: a rule, the items it excludes and their neighbours it does not.

A case builds its items in a practice of its own and says which the rule hits. It is built for each automation it names
(`practice.item`: the appointment, its invoice or its claim). All items wait on the night of Thursday 12 March 2026,
after the clock change of the 8th; the practices are in Denver, so an evening appointment is the next day's in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.support.practice import AUTOMATIONS, Condition, Practice

NIGHT = "2026-03-12"
CREATION = ("invoice_creation",)
PROCESSING = ("invoice_processing",)
SUBMISSION = ("claims_submission",)
UNTIL_PROCESSING = CREATION + PROCESSING
FROM_PROCESSING = PROCESSING + SUBMISSION


@dataclass(frozen=True)
class Expected:
    """The values the case's field is asked for, further conditions of the rule, and the items by what they show."""

    values: Sequence[object]
    excluded: Mapping[str, int]
    left: Mapping[str, int]
    also: Sequence[Condition] = field(default=())


Build = Callable[[Practice, str], Expected]


@dataclass(frozen=True)
class Case:
    automation: str
    field: str
    build: Build

    @property
    def name(self) -> str:
        return f"{self.automation}-{self.field}-{self.build.__name__}"


CASES: list[Case] = []


def case(automations: Sequence[str], field_code: str) -> Callable[[Build], Build]:
    def add(build: Build) -> Build:
        CASES.extend(Case(automation, field_code, build) for automation in automations)
        return build

    return add


# Primary Insurer, Secondary Insurer


@case(AUTOMATIONS, "primary_insurer")
def by_the_policy_in_force_on_the_service_date(practice: Practice, automation: str) -> Expected:
    asked, other = practice.insurer(), practice.insurer()

    def item(insurer: int, level: str = "primary", starts: str = "2026-03-03 10:00", **policy: object) -> int:
        client = practice.insured(insurer, level, **policy)
        return practice.item(automation, practice.appointment(starts, client=client))

    replaced = practice.insured(asked, starts_on="2026-01-01")
    practice.policy(replaced, other, starts_on="2026-03-03")
    not_yet_replaced = practice.insured(asked, starts_on="2026-01-01")
    practice.policy(not_yet_replaced, other, starts_on="2026-03-04")
    return Expected(
        [asked],
        excluded={
            "open at both ends": item(asked),
            "begins that day": item(asked, starts_on="2026-03-03"),
            "ends that day": item(asked, ends_on="2026-03-03"),
            "ends that day, session at 23:30": item(asked, starts="2026-03-03 23:30", ends_on="2026-03-03"),
            "another insurer from the next day": practice.item(
                automation, practice.appointment(client=not_yet_replaced)
            ),
        },
        left={
            "another insurer": item(other),
            "begins the day after": item(asked, starts_on="2026-03-04"),
            "begins the day after, session at 23:30": item(asked, starts="2026-03-03 23:30", starts_on="2026-03-04"),
            "ended the day before": item(asked, ends_on="2026-03-02"),
            "only secondary": item(asked, "secondary"),
            "no policy": practice.item(automation, practice.appointment(client=practice.client())),
            "another insurer from that day": practice.item(automation, practice.appointment(client=replaced)),
        },
    )


@case(AUTOMATIONS, "primary_insurer")
def any_of_several_and_nothing_by_a_deleted_one(practice: Practice, automation: str) -> Expected:
    first, second, deleted = practice.insurer(), practice.insurer(), practice.insurer(deleted_on="2026-03-01")

    def item(insurer: int) -> int:
        return practice.item(automation, practice.appointment(client=practice.insured(insurer)))

    return Expected(
        [first, second, deleted],
        excluded={"the first": item(first), "the second": item(second)},
        left={"the deleted": item(deleted), "another": item(practice.default_insurer)},
    )


def _claims_of_two_levels(practice: Practice, primary: int, secondary: int) -> tuple[int, int]:
    """A primary and a secondary claim of one appointment."""
    client = practice.insured(primary)
    practice.policy(client, secondary, "secondary")
    invoice = practice.invoice(practice.appointment(client=client))
    return practice.claim(invoice), practice.claim(invoice, "secondary")


@case(SUBMISSION, "primary_insurer")
def of_the_client_also_on_secondary_claims(practice: Practice, automation: str) -> Expected:
    asked, other = practice.insurer(), practice.insurer()
    primary, secondary = _claims_of_two_levels(practice, asked, other)
    swapped_primary, swapped_secondary = _claims_of_two_levels(practice, other, asked)
    return Expected(
        [asked],
        excluded={"primary claim": primary, "secondary claim": secondary},
        left={"primary claim, asked is secondary": swapped_primary, "secondary claim to it": swapped_secondary},
    )


@case(SUBMISSION, "secondary_insurer")
def by_the_secondary_policy_in_force_on_the_service_date(practice: Practice, automation: str) -> Expected:
    asked, other = practice.insurer(), practice.insurer()
    primary, secondary = _claims_of_two_levels(practice, other, asked)
    swapped_primary, swapped_secondary = _claims_of_two_levels(practice, asked, other)

    def item(**policy: object) -> int:
        client = practice.insured(other)
        practice.policy(client, asked, "secondary", **policy)
        return practice.item(automation, practice.appointment(client=client))

    tertiary = practice.insured(other)
    practice.policy(tertiary, asked, "tertiary")
    return Expected(
        [asked],
        excluded={
            "primary claim": primary,
            "secondary claim": secondary,
            "begins that day": item(starts_on="2026-03-03"),
            "ends that day": item(ends_on="2026-03-03"),
        },
        left={
            "primary claim to it": swapped_primary,
            "secondary claim, asked is primary": swapped_secondary,
            "begins the day after": item(starts_on="2026-03-04"),
            "ended the day before": item(ends_on="2026-03-02"),
            "tertiary": practice.item(automation, practice.appointment(client=tertiary)),
            "no secondary": practice.item(automation),
        },
    )


# Claim Level


@case(PROCESSING, "claim_level")
def of_the_claim_about_to_be_made(practice: Practice, automation: str) -> Expected:
    with_secondary = practice.insured()
    practice.policy(with_secondary, practice.insurer(), "secondary")
    return Expected(
        ["primary"],
        excluded={
            "one policy": practice.item(automation),
            "two policies": practice.item(automation, practice.appointment(client=with_secondary)),
        },
        left={},
    )


@case(PROCESSING, "claim_level")
def secondary_excludes_no_invoice_whose_next_claim_is_primary(practice: Practice, automation: str) -> Expected:
    with_secondary = practice.insured()
    practice.policy(with_secondary, practice.insurer(), "secondary")
    return Expected(
        ["secondary", "tertiary"],
        excluded={},
        left={"two policies": practice.item(automation, practice.appointment(client=with_secondary))},
    )


@case(SUBMISSION, "claim_level")
def of_the_claim(practice: Practice, automation: str) -> Expected:
    primary, secondary = _claims_of_two_levels(practice, practice.insurer(), practice.insurer())
    return Expected(
        ["secondary", "tertiary"],
        excluded={"secondary": secondary, "tertiary": practice.claim(level="tertiary")},
        left={"primary": primary},
    )


# Client pays by


def _paying(practice: Practice, automation: str, *changes: tuple[str, str], starts: str = "2026-03-03 10:00") -> int:
    client = practice.insured()
    for how, starts_on in changes:
        practice.pays_by(client, how, starts_on)
    return practice.item(automation, practice.appointment(starts, client=client))


@case(UNTIL_PROCESSING, "client_pays_by")
def self_pay_as_of_the_service_date(practice: Practice, automation: str) -> Expected:
    def item(*changes: tuple[str, str], starts: str = "2026-03-03 10:00") -> int:
        return _paying(practice, automation, *changes, starts=starts)

    return Expected(
        ["self_pay"],
        excluded={
            "always": item(("self_pay", "2020-01-01")),
            "from that day": item(("insurance", "2020-01-01"), ("self_pay", "2026-03-03")),
            "until that day": item(("self_pay", "2020-01-01"), ("insurance", "2026-03-04")),
            "until that day, 23:30": item(
                ("self_pay", "2020-01-01"), ("insurance", "2026-03-04"), starts="2026-03-03 23:30"
            ),
        },
        left={
            "never": item(("insurance", "2020-01-01")),
            "until the day before": item(("self_pay", "2020-01-01"), ("insurance", "2026-03-03")),
            "from the day after": item(("insurance", "2020-01-01"), ("self_pay", "2026-03-04")),
            "from the day after, 23:30": item(
                ("insurance", "2020-01-01"), ("self_pay", "2026-03-04"), starts="2026-03-03 23:30"
            ),
            "nobody said before": item(("self_pay", "2026-03-04")),
            "nobody said": item(),
        },
    )


@case(UNTIL_PROCESSING, "client_pays_by")
def nothing_until_somebody_says_so(practice: Practice, automation: str) -> Expected:
    return Expected(
        ["insurance"],
        excluded={"said so": _paying(practice, automation, ("insurance", "2020-01-01"))},
        left={
            "nobody said": _paying(practice, automation),
            "self-pay": _paying(practice, automation, ("self_pay", "2020-01-01")),
        },
    )


# Appointment Staff, Rendering Provider, Billing Provider


def _supervised(practice: Practice) -> dict[str, int]:
    """Clinicians by how they work."""
    supervisor = practice.staff()
    return {
        "supervisor": supervisor,
        "billed under": practice.staff(supervisor_id=supervisor, is_billed_under_supervisor=True),
        "billed alone": practice.staff(supervisor_id=supervisor),
        "another": practice.staff(),
    }


def _items_by_staff(practice: Practice, automation: str, staff: Mapping[str, int]) -> dict[str, int]:
    return {name: practice.item(automation, practice.appointment(staff=staff_id)) for name, staff_id in staff.items()}


@case(CREATION, "appointment_staff")
def who_holds_the_session_whoever_is_billed(practice: Practice, automation: str) -> Expected:
    staff = _supervised(practice)
    items = _items_by_staff(practice, automation, staff)
    return Expected(
        [staff["supervisor"], staff["billed alone"]],
        excluded={name: items[name] for name in ("supervisor", "billed alone")},
        left={name: items[name] for name in ("billed under", "another")},
    )


@case(FROM_PROCESSING, "rendering_provider")
def the_supervisor_where_billed_under_the_supervisor(practice: Practice, automation: str) -> Expected:
    staff = _supervised(practice)
    items = _items_by_staff(practice, automation, staff)
    return Expected(
        [staff["supervisor"]],
        excluded={name: items[name] for name in ("supervisor", "billed under")},
        left={name: items[name] for name in ("billed alone", "another")},
    )


@case(FROM_PROCESSING, "rendering_provider")
def not_who_is_billed_under_the_supervisor(practice: Practice, automation: str) -> Expected:
    staff = _supervised(practice)
    items = _items_by_staff(practice, automation, staff)
    return Expected(
        [staff["billed under"], staff["billed alone"]],
        excluded={"billed alone": items["billed alone"]},
        left={name: items[name] for name in ("supervisor", "billed under", "another")},
    )


@case(SUBMISSION, "billing_provider")
def the_one_of_the_insurer_the_claim_goes_to(practice: Practice, automation: str) -> Expected:
    asked = practice.billing_provider()
    insurer, other = practice.insurer(billing_provider_id=asked), practice.insurer()
    own, secondary_to_other = _claims_of_two_levels(practice, insurer, other)
    primary_to_other, secondary_to_own = _claims_of_two_levels(practice, other, insurer)
    return Expected(
        [asked],
        excluded={"primary": own, "secondary": secondary_to_own},
        left={
            "secondary to an insurer without one": secondary_to_other,
            "primary to an insurer without one": primary_to_other,
            "no policy": practice.item(automation, practice.appointment(client=practice.client())),
        },
    )


@case(SUBMISSION, "billing_provider")
def the_default_where_the_insurer_has_none(practice: Practice, automation: str) -> Expected:
    own = practice.insurer(billing_provider_id=practice.billing_provider())
    return Expected(
        [practice.default_billing_provider],
        excluded={
            "insurer without one": practice.item(automation),
            "no policy": practice.item(automation, practice.appointment(client=practice.client())),
        },
        left={"insurer with its own": practice.item(automation, practice.appointment(client=practice.insured(own)))},
    )


@case(SUBMISSION, "billing_provider")
def none_at_all_equals_none(practice: Practice, automation: str) -> Expected:
    asked = practice.billing_provider()
    practice.connection.execute(
        "UPDATE practice.billing_provider SET is_default = false WHERE billing_provider_id = %s",
        (practice.default_billing_provider,),
    )
    return Expected(
        [asked, practice.default_billing_provider], excluded={}, left={"no provider": practice.item(automation)}
    )


# Service Type, Modifier, Place of Service


@case(AUTOMATIONS, "service_type")
def any_of_the_services(practice: Practice, automation: str) -> Expected:
    asked, other = practice.service_type(), practice.service_type()

    def item(*services: int) -> int:
        return practice.item(automation, practice.appointment(services=services))

    left = {"another": item(other), "two others": item(other, practice.default_service_type)}
    if automation == "invoice_creation":
        left["no service"] = item()
    return Expected(
        [asked],
        excluded={
            "the only one": item(asked),
            "the second of three": item(other, asked, other),
            "twice": item(asked, asked),
        },
        left=left,
    )


@case(FROM_PROCESSING, "service_type")
def as_on_the_invoice_whatever_the_appointment_says_since(practice: Practice, automation: str) -> Expected:
    asked, other = practice.service_type(), practice.service_type()
    was, became = practice.appointment(services=[asked]), practice.appointment(services=[other])
    items = {"was": practice.item(automation, was), "became": practice.item(automation, became)}
    practice.connection.execute(
        "UPDATE practice.appointment_service SET service_type_id = CASE appointment_id WHEN %s THEN %s ELSE %s END"
        " WHERE appointment_id = ANY(%s)",
        (was, other, asked, [was, became]),
    )
    return Expected([asked], excluded={"was": items["was"]}, left={"became": items["became"]})


@case(SUBMISSION, "modifier")
def the_services_own_or_else_the_default_of_its_type(practice: Practice, automation: str) -> Expected:
    with_default = practice.service_type(modifier_1="GT", modifier_3="95")
    plain = practice.default_service_type

    def item(*services: int | Mapping[str, object]) -> int:
        return practice.item(automation, practice.appointment(services=services))

    return Expected(
        ["95"],
        excluded={
            "by default, third place": item(with_default),
            "its own": item({"service_type_id": plain, "modifier_1": "95"}),
            "its own, fourth place": item({"service_type_id": plain, "modifier_1": "HO", "modifier_4": "95"}),
            "on the second line": item(plain, with_default),
        },
        left={
            "its own instead of the default": item({"service_type_id": with_default, "modifier_1": "HO"}),
            "another by default": item(practice.service_type(modifier_1="GT")),
            "none": item(plain),
            "none on two lines": item(plain, plain),
        },
    )


@case(SUBMISSION, "place_of_service")
def of_the_appointment_or_else_of_the_location(practice: Practice, automation: str) -> Expected:
    at_home, office = practice.location(place_of_service_code="02"), practice.default_location
    unknown = practice.location(place_of_service_code=None)

    def item(location: int, code: str | None = None) -> int:
        appointment = practice.appointment(location_id=location, place_of_service_code=code)
        return practice.item(automation, appointment)

    return Expected(
        ["02"],
        excluded={
            "location": item(at_home),
            "appointment": item(office, "02"),
            "appointment, location has none": item(unknown, "02"),
        },
        left={
            "appointment says otherwise": item(at_home, "10"),
            "office": item(office),
            "without the zero": item(office, "2"),
            "none": item(unknown),
        },
    )


# Dates


def _at(practice: Practice, automation: str, *starts: str) -> dict[str, int]:
    return {at: practice.item(automation, practice.appointment(at)) for at in starts}


def the_local_day_of_the_appointment(practice: Practice, automation: str) -> Expected:
    return Expected(
        ["2026-03-03", "2026-03-08"],
        excluded=_at(
            practice,
            automation,
            "2026-03-03 00:00",
            "2026-03-03 12:00",
            "2026-03-03 23:30",
            # The clock jumps from 02:00 to 03:00 on this day.
            "2026-03-08 00:00",
            "2026-03-08 23:30",
        ),
        left=_at(
            practice,
            automation,
            "2026-03-02 23:30",
            "2026-03-04 00:00",
            "2026-03-07 23:30",
            "2026-03-09 00:00",
        ),
    )


def both_ends_of_a_range_are_included(practice: Practice, automation: str) -> Expected:
    return Expected(
        ["2026-03-03/2026-03-04", "2026-03-09/.."],
        excluded=_at(
            practice, automation, "2026-03-03 00:00", "2026-03-04 23:30", "2026-03-09 00:00", "2026-03-10 10:00"
        ),
        left=_at(practice, automation, "2026-03-02 23:30", "2026-03-05 00:00", "2026-03-08 23:30"),
    )


def a_range_with_an_open_start(practice: Practice, automation: str) -> Expected:
    return Expected(
        ["../2026-03-03"],
        excluded=_at(practice, automation, "2026-02-20 10:00", "2026-03-03 23:30"),
        left=_at(practice, automation, "2026-03-04 00:00"),
    )


for _automations, _field in ((CREATION, "appointment_date"), (SUBMISSION, "service_date")):
    case(_automations, _field)(the_local_day_of_the_appointment)
    case(_automations, f"{_field}_range")(both_ends_of_a_range_are_included)
    case(_automations, f"{_field}_range")(a_range_with_an_open_start)


def _invoiced_on(practice: Practice, *days: str) -> dict[str, int]:
    """Invoices of those dates, none of them the date of service."""
    return {day: practice.invoice(practice.appointment("2026-02-20 23:30"), invoice_on=day) for day in days}


@case(PROCESSING, "invoice_date")
def the_invoices_own_date(practice: Practice, automation: str) -> Expected:
    return Expected(
        ["2026-03-03", "2026-03-08"],
        excluded=_invoiced_on(practice, "2026-03-03", "2026-03-08"),
        left={
            **_invoiced_on(practice, "2026-03-02", "2026-03-04", "2026-03-07", "2026-03-09"),
            "served that day": practice.invoice(practice.appointment("2026-03-03 10:00"), invoice_on="2026-03-05"),
        },
    )


@case(PROCESSING, "invoice_date_range")
def both_ends_of_a_range_of_invoice_dates_are_included(practice: Practice, automation: str) -> Expected:
    return Expected(
        ["2026-03-03/2026-03-04", "2026-03-09/.."],
        excluded=_invoiced_on(practice, "2026-03-03", "2026-03-04", "2026-03-09", "2026-03-11"),
        left=_invoiced_on(practice, "2026-03-02", "2026-03-05", "2026-03-08"),
    )


# Progress Note signed by provider


def _by_signatures(practice: Practice, automation: str) -> tuple[dict[str, int], dict[str, int]]:
    """Items whose notes are signed, and those whose are not."""
    supervisor = practice.staff()
    alone = practice.staff()
    approved = practice.staff(supervisor_id=supervisor, supervision="approve")
    cosigned = practice.staff(supervisor_id=supervisor, supervision="cosign")

    def item(staff: int, *notes: Mapping[str, bool], author: int | None = None) -> int:
        appointment = practice.appointment(staff=staff)
        for note in notes:
            practice.note(appointment, staff=author or staff, **note)
        return practice.item(automation, appointment)

    signed, unsigned = {"is_signed": True}, {"is_signed": False}
    only_supervisor = {"is_signed": False, "is_cosigned": True}
    both = {"is_signed": True, "is_cosigned": True}
    yes = {
        "alone, signed": item(alone, signed),
        "alone, two signed": item(alone, signed, signed),
        "approve, supervisee": item(approved, signed),
        "approve, both": item(approved, both),
        "cosign, both": item(cosigned, both),
        "cosign, two by both": item(cosigned, both, both),
        "signed by another who needs nobody": item(cosigned, signed, author=alone),
    }
    no = {
        "no note": item(alone),
        "alone, unsigned": item(alone, unsigned),
        "alone, one of two": item(alone, signed, unsigned),
        "alone, supervisor only": item(alone, only_supervisor),
        "approve, supervisor only": item(approved, only_supervisor),
        "cosign, supervisee only": item(cosigned, signed),
        "cosign, supervisor only": item(cosigned, only_supervisor),
        "cosign, second by one": item(cosigned, both, signed),
    }
    return yes, no


@case(AUTOMATIONS, "progress_note_signed")
def no_when_any_note_or_signature_is_missing(practice: Practice, automation: str) -> Expected:
    signed, unsigned = _by_signatures(practice, automation)
    return Expected(["no"], excluded=unsigned, left=signed)


@case(AUTOMATIONS, "progress_note_signed")
def yes_when_all_notes_have_all_signatures(practice: Practice, automation: str) -> Expected:
    signed, unsigned = _by_signatures(practice, automation)
    return Expected(["yes"], excluded=signed, left=unsigned)


# Location, Client, Weekday


@case(AUTOMATIONS, "location")
def of_the_appointment(practice: Practice, automation: str) -> Expected:
    asked, other = practice.location(), practice.location()

    def item(location: int) -> int:
        return practice.item(automation, practice.appointment(location_id=location))

    return Expected([asked], excluded={"asked": item(asked)}, left={"other": item(other)})


@case(AUTOMATIONS, "client")
def only_the_clients_named(practice: Practice, automation: str) -> Expected:
    asked, other = practice.insured(), practice.insured()

    def item(client: int) -> int:
        return practice.item(automation, practice.appointment(client=client))

    return Expected(
        [asked], excluded={"first session": item(asked), "second session": item(asked)}, left={"other": item(other)}
    )


@case(AUTOMATIONS, "weekday")
def of_the_local_day_of_service(practice: Practice, automation: str) -> Expected:
    return Expected(
        ["1", "7"],
        excluded=_at(
            practice,
            automation,
            "2026-03-02 00:00",
            "2026-03-02 23:30",
            "2026-03-08 00:00",
            "2026-03-08 23:30",
        ),
        left=_at(practice, automation, "2026-03-03 00:00", "2026-03-03 23:30", "2026-03-07 23:30"),
    )


# Several conditions in one rule


@case(AUTOMATIONS, "service_type")
def only_where_every_condition_holds(practice: Practice, automation: str) -> Expected:
    asked, insurer = practice.service_type(), practice.insurer()

    def item(client: int, *services: int) -> int:
        return practice.item(automation, practice.appointment(client=client, services=services))

    other = practice.default_service_type
    return Expected(
        [asked],
        also=[("primary_insurer", [insurer])],
        excluded={"both": item(practice.insured(insurer), other, asked)},
        left={
            "service only": item(practice.insured(), asked),
            "insurer only": item(practice.insured(insurer), other),
            "no insurer": item(practice.client(), asked),
        },
    )


@case(AUTOMATIONS, "service_type")
def two_conditions_on_one_field_hold_over_all_services(practice: Practice, automation: str) -> Expected:
    first, second = practice.service_type(), practice.service_type()

    def item(*services: int) -> int:
        return practice.item(automation, practice.appointment(services=services))

    return Expected(
        [first],
        also=[("service_type", [second])],
        excluded={"both": item(first, second), "both and another": item(second, practice.default_service_type, first)},
        left={"first": item(first), "second": item(second, second)},
    )
