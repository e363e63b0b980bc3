"""Building blocks of the sample practices: one method per kind of row, with everyday values filled in.

All people, practices, insurers and numbers are invented: NPIs begin with 2, which nobody has been given, tax ids with
12-345, as in the examples on forms; phone numbers are 555-01xx.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from include.practice_data.tables import TABLES

Row = dict[str, str]

#: A Monday that an insurer had time to decide about, Friday before the sample nights, the three nights, and the
#: Thursday after.
LONG_BEFORE = date(2026, 10, 5)
THURSDAY_BEFORE, FRIDAY_BEFORE = date(2026, 10, 29), date(2026, 10, 30)
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 11, day) for day in (2, 3, 4, 5))

#: Key -> (name, procedure code, default modifier, rate, minutes, number within the organization).
SERVICES: dict[str, tuple[str, str, str, str, int, int]] = {
    "60": ("Psychotherapy, 60 minutes", "90837", "", "165.00", 60, 1),
    "45": ("Psychotherapy, 45 minutes", "90834", "", "130.00", 45, 2),
    "intake": ("Psychiatric diagnostic evaluation", "90791", "", "210.00", 60, 3),
    "family": ("Family psychotherapy with client", "90847", "", "150.00", 50, 4),
    "complexity": ("Interactive complexity", "90785", "", "18.50", 5, 5),
    "video": ("Psychotherapy by video, 60 minutes", "90837", "95", "160.00", 60, 6),
    "group": ("Group psychotherapy", "90853", "", "52.25", 60, 7),
}
#: The same for services only some practices offer.
UNLISTED_SERVICES: dict[str, tuple[str, str, str, str, int, int]] = {
    "art": ("Art therapy, 45 minutes", "90899", "", "95.00", 45, 8),
    "garden": ("Garden therapy, 45 minutes", "90899", "", "90.00", 45, 9),
}
_SERVICES = SERVICES | UNLISTED_SERVICES
#: (name, payer code, claim filing code) of the insurers 1 to 4 of every organization.
INSURERS = (
    ("Quillfeather Mutual", "QFM01", "CI"),
    ("Bramblewick Health Plan", "BWH02", "BL"),
    ("Copperleaf Assurance", "CLA03", "CI"),
    ("Lanternfield Benefit Trust", "LBT04", "HM"),
)
_FIRST_NAMES = (
    ("Adela", "F"), ("Bertram", "M"), ("Celeste", "F"), ("Dorian", "M"), ("Edith", "F"), ("Florian", "M"),
    ("Greta", "F"), ("Hollis", "U"), ("Imogen", "F"), ("Jasper", "M"), ("Katya", "F"), ("Leander", "M"),
    ("Mabel", "F"), ("Nestor", "M"), ("Odette", "F"), ("Percy", "M"), ("Rosalind", "F"), ("Silas", "M"),
    ("Tamsin", "F"),
)  # fmt: skip
_LAST_NAMES = (
    "Ashgrove", "Birchwell", "Cedarholm", "Dunmarsh", "Elderfen", "Fernhollow", "Gorsewood", "Hazelmere", "Ivybridge",
    "Junewick", "Kelpstone", "Larchmoor", "Mossgate", "Nettlefold", "Oakhaven", "Pinecroft", "Quincebrook",
    "Rowanleigh", "Sedgeworth", "Thornapple", "Umberfield", "Vinterley", "Willowmead",
)  # fmt: skip


def npi(number: int) -> str:
    """An NPI with a right check digit: 2, `number` in eight digits, Luhn digit over the prefix 80840.

    Source: CMS, "Requirements for National Provider Identifier and NPI Check Digit".
    """
    body = f"2{number:08d}"
    digits = [int(character) for character in reversed("80840" + body)]
    total = sum(sum(divmod(digit * 2, 10)) if place % 2 == 0 else digit for place, digit in enumerate(digits))
    return body + str(-total % 10)


def wrong_npi(number: int) -> str:
    """The same with a check digit that does not fit."""
    right = npi(number)
    return right[:-1] + str((int(right[-1]) + 1) % 10)


class Sample:
    """Rows of all files in the order in which they were made."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Row]] = defaultdict(list)

    def add(self, table: str, **values: object) -> None:
        """One row; columns that are not named stay empty."""
        row = dict.fromkeys(TABLES[table].column_names, "")
        strange = values.keys() - row.keys()
        if strange:
            raise ValueError(f"{table} has no column {', '.join(sorted(strange))}")
        for name, value in values.items():
            row[name] = str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
        self.rows[table].append(row)


class Practice:
    """One organization. Staff, insurers, service types, locations and providers are numbered from 1 within it."""

    def __init__(
        self, sample: Sample, organization_id: int, name: str, timezone: str, place: tuple[str, str, str], plan: str
    ) -> None:
        self.sample = sample
        self.organization_id = organization_id
        self.place = place
        self._clients = 0
        self._policies = 0
        self._fees = 0
        self._appointments = 0
        self._notes = 0
        self._authorizations = 0
        self._positions: dict[str, int] = defaultdict(int)
        self._rules = 0
        self._free_from: dict[tuple[int, date], datetime] = {}
        self._supervision: dict[int, str] = {}
        self.add("organization", name=name, timezone=timezone, plan_code=plan)
        self.provider(1, is_default=True, name=name)
        self.location(1, "Main office")

    def add(self, table: str, **values: object) -> None:
        self.sample.add(table, organization_id=self.organization_id, **values)

    def number(self, within: int) -> int:
        """The id of what is number `within` of this organization."""
        return self.organization_id * 100 + within

    def provider(self, within: int, *, is_default: bool = False, name: str, **values: object) -> None:
        city, state, postal = self.place
        self.add(
            "billing_provider",
            **{
                "billing_provider_id": self.number(within),
                "is_default": is_default,
                "entity_type": "organization",
                "name": name,
                "npi": npi(self.number(within) * 10),
                "tax_id": f"12-345{self.number(within):04d}",
                "tax_id_type": "employer",
                "taxonomy_code": "261QM0801X",
                "address_1": f"{within * 100 + self.organization_id} Foundry Walk",
                "city": city,
                "state_code": state,
                "postal_code": f"{postal}-0{100 + within}",
                "phone": f"555555{100 + self.organization_id:04d}",
                **values,
            },
        )

    def location(self, within: int, name: str, place_of_service_code: str = "11") -> None:
        city, state, postal = self.place
        self.add(
            "location",
            location_id=self.number(within),
            name=name,
            place_of_service_code=place_of_service_code,
            address_1=f"{within * 100 + self.organization_id} Foundry Walk",
            city=city,
            state_code=state,
            postal_code=f"{postal}-0{100 + within}",
        )

    def staff(self, within: int, last_name: str, first_name: str, **values: object) -> None:
        """`supervisor`: the number of the supervising staff member."""
        supervisor = values.pop("supervisor", None)
        self._supervision[within] = str(values.get("supervision", "none"))
        self.add(
            "staff",
            **{
                "staff_id": self.number(within),
                "last_name": last_name,
                "first_name": first_name,
                "npi": npi(self.number(within) * 10 + 5),
                "taxonomy_code": "101YM0800X",
                "supervisor_id": None if supervisor is None else self.number(int(str(supervisor))),
                "supervision": "none",
                "is_billed_under_supervisor": False,
                "license_type": "LCSW",
                **values,
            },
        )

    def offer(self, *, insurers: Sequence[int] = (1, 2, 3, 4), services: Sequence[str] = tuple(SERVICES)) -> None:
        """The usual insurers and service types with a default rate each, and a rate of its own for insurer 1."""
        for within in insurers:
            self.insurer(within)
        for key in services:
            self.service(key)
            self.fee(key, _SERVICES[key][3])
            if 1 in insurers:
                self.fee(key, str(Decimal(_SERVICES[key][3]) - 5), insurer=1)

    def insurer(self, within: int, **values: object) -> None:
        name, payer_code, filing = INSURERS[(within - 1) % len(INSURERS)]
        defaults = {"name": name, "payer_code": payer_code, "claim_filing_code": filing}
        self.add("insurer", **{"insurer_id": self.number(within), **defaults, **values})

    def referring_provider(self, within: int, last_name: str, first_name: str) -> int:
        """A person outside the practice who refers clients to it; returns its id."""
        self.add(
            "referring_provider",
            referring_provider_id=self.number(within),
            entity_type="person",
            last_name=last_name,
            first_name=first_name,
            npi=npi(self.number(within) * 10 + 7),
        )
        return self.number(within)

    def service(self, key: str, description: str = "") -> None:
        name, procedure_code, modifier, _, _, within = _SERVICES[key]
        self.add(
            "service_type",
            service_type_id=self.number(within),
            name=name,
            procedure_code=procedure_code,
            modifier_1=modifier,
            description=description,
        )

    def service_id(self, key: str) -> int:
        return self.number(_SERVICES[key][5])

    def fee(self, key: str, rate: str | None, *, insurer: int | None = None, starts_on: str = "2026-01-01") -> None:
        self._fees += 1
        self.add(
            "fee",
            fee_id=self.organization_id * 1000 + self._fees,
            service_type_id=self.service_id(key),
            insurer_id=None if insurer is None else self.number(insurer),
            starts_on=starts_on,
            rate_amount=rate,
        )

    def client(
        self,
        *,
        insurer: int | None = 1,
        pays_by: str = "insurance",
        diagnoses: Sequence[str] = ("F41.1",),
        policy: dict[str, object] | None = None,
        **values: object,
    ) -> int:
        """A client with a policy at `insurer` (None: without) and diagnoses since January; returns its id."""
        self._clients += 1
        client_id = self.organization_id * 1000 + self._clients
        count = self.organization_id * 7 + self._clients * 5
        first_name, sex = _FIRST_NAMES[count % len(_FIRST_NAMES)]
        city, state, postal = self.place
        self.add(
            "client",
            **{
                "client_id": client_id,
                "last_name": _LAST_NAMES[(count * 3) % len(_LAST_NAMES)],
                "first_name": first_name,
                "birth_on": date(1958, 3, 9) + timedelta(days=count * 173 % 17000),
                "sex": sex,
                "address_1": f"{count * 11 % 900 + 12} Lamplighter Street",
                "city": city,
                "state_code": state,
                "postal_code": postal,
                **values,
            },
        )
        self.pays_by(client_id, "2026-01-01", pays_by)
        if insurer is not None:
            self.policy(client_id, insurer, **(policy or {}))
        for rank, code in enumerate(diagnoses, start=1):
            self.add("diagnosis", client_id=client_id, rank=rank, diagnosis_code=code, starts_on="2026-01-01")
        return client_id

    def pays_by(self, client_id: int, starts_on: str, pays_by: str) -> None:
        self.add("client_payment", client_id=client_id, starts_on=starts_on, pays_by=pays_by)

    def policy(self, client_id: int, insurer: int, **values: object) -> None:
        self._policies += 1
        self.add(
            "policy",
            **{
                "policy_id": self.organization_id * 1000 + self._policies,
                "client_id": client_id,
                "insurer_id": self.number(insurer),
                "level": "primary",
                "starts_on": "2026-01-01",
                "member_id": f"{INSURERS[(insurer - 1) % 4][1][:3]}{client_id:07d}{insurer}",
                "group_number": f"GRP{self.organization_id:03d}{insurer}",
                "relationship": "self",
                "has_assignment_of_benefits": True,
                "has_release_of_information": True,
                **values,
            },
        )

    def authorization(self, client_id: int, insurer: int) -> None:
        self._authorizations += 1
        self.add(
            "prior_authorization",
            prior_authorization_id=self.organization_id * 1000 + self._authorizations,
            client_id=client_id,
            insurer_id=self.number(insurer),
            authorization_number=f"AUTH{self.organization_id:03d}{self._authorizations:03d}",
            starts_on="2026-10-01",
            ends_on="2026-12-31",
            visit_limit=12,
        )

    def visit(
        self,
        client_id: int,
        day: date,
        *services: str | tuple[str, int] | tuple[str, int, str],
        staff: int = 1,
        location: int = 1,
        place_of_service: str = "",
        note: str = "",
        status: str = "kept",
        is_billable: bool = True,
        at: time | None = None,
        **values: object,
    ) -> int:
        """An appointment in the next free slot of the staff member that day; returns its id.

        A service is a key of SERVICES or UNLISTED_SERVICES, with a unit count and a modifier where they differ. `note`:
        signed, unsigned, none, both (provider and supervisor), supervisor; by default what the staff member's
        supervision asks for. `values`: further columns of the appointment.
        """
        lines = [
            (service, 1, "") if isinstance(service, str) else (*service, "")[:3] for service in services or ("60",)
        ]
        slot = self._free_from.get((staff, day), datetime.combine(day, time(9)))
        start = slot if at is None else datetime.combine(day, at)
        end = start + timedelta(minutes=sum(_SERVICES[key][4] for key, _, _ in lines))
        is_by_telephone = any(modifier == "93" for _, _, modifier in lines)
        if at is None:
            self._free_from[staff, day] = slot + timedelta(minutes=75)
        self._appointments += 1
        appointment_id = self.organization_id * 1000 + self._appointments
        self.add(
            "appointment",
            appointment_id=appointment_id,
            client_id=client_id,
            staff_id=self.number(staff),
            location_id=self.number(location),
            starts_at=f"{start:%Y-%m-%d %H:%M}",
            ends_at=f"{end:%Y-%m-%d %H:%M}",
            appointment_status=status,
            is_billable=is_billable,
            place_of_service_code=place_of_service,
            telehealth="" if place_of_service not in ("02", "10") else "audio" if is_by_telephone else "video",
            **values,
        )
        for line_number, (key, units, modifier) in enumerate(lines, start=1):
            self.add(
                "appointment_service",
                appointment_id=appointment_id,
                line_number=line_number,
                service_type_id=self.service_id(str(key)),
                unit_count=units,
                modifier_1=modifier,
            )
        note = note or ("both" if self._supervision.get(staff) == "cosign" else "signed")
        if status == "kept" and note != "none":
            self._notes += 1
            signed_at = f"{end + timedelta(minutes=20):%Y-%m-%d %H:%M}"
            self.add(
                "progress_note",
                progress_note_id=self.organization_id * 1000 + self._notes,
                appointment_id=appointment_id,
                staff_id=self.number(staff),
                provider_signed_at=signed_at if note in ("signed", "both") else "",
                supervisor_signed_at=signed_at if note in ("supervisor", "both") else "",
            )
        return appointment_id

    def setting(self, automation: str, enabled_on: str = "2026-11-01", **values: object) -> None:
        self.add(
            "automation_setting",
            **{
                "automation": automation,
                "is_enabled": True,
                "enabled_on": enabled_on,
                "includes_earlier": False,
                **values,
            },
        )

    def settings(self, enabled_on: str = "2026-11-01") -> None:
        """All three nightly automations on, with the default rule of invoice_processing."""
        for automation in ("invoice_creation", "invoice_processing", "claims_submission"):
            self.setting(automation, enabled_on)
        self.self_pay_rule()

    def self_pay_rule(self) -> None:
        self.rule("invoice_processing", client_pays_by=["self_pay"])

    def rule(self, automation: str, **conditions: Sequence[object]) -> None:
        """An exclusion rule after those already there; all conditions must hold."""
        self._rules += 1
        self._positions[automation] += 1
        for field, values in conditions.items():
            self.add(
                "exclusion_rule",
                rule_id=self.number(self._rules),
                automation=automation,
                position=self._positions[automation],
                field=field,
                match_values="|".join(map(str, values)),
            )

    def hold(self, appointment_id: int, reason: str, hold_until: str = "") -> None:
        self.add(
            "hold",
            automation="invoice_creation",
            item_id=appointment_id,
            hold_until=hold_until,
            reason=reason,
            held_by="front desk",
        )
