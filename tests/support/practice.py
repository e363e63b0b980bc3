"""One invented practice: every row has defaults that go all the way, so that a test varies one thing.

Methods insert one row and return its id; ids of a practice begin with its organization's id. Dates and times are the
practice's local ones, written as text. The defaults: an appointment on Tuesday 3 March 2026 at 10:00, its invoice of
that night, its claim of the next night.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql

Connection = psycopg.Connection[Any]
Condition = tuple[str, Sequence[object]]

AUTOMATIONS = ("invoice_creation", "invoice_processing", "claims_submission")
TUESDAY = "2026-03-03"

_ADDRESS = {"address_1": "12 Willow Lane", "city": "Fort Example", "state_code": "CO", "postal_code": "805211234"}


class Practice:
    """An organization with one billing provider, location, clinician, insurer and service type, all automations on."""

    def __init__(
        self,
        connection: Connection,
        organization_id: int = 1,
        timezone: str = "America/Denver",
        *,
        plan: Iterable[str] = AUTOMATIONS,
        enabled: Iterable[str] = AUTOMATIONS,
    ) -> None:
        self.connection = connection
        self.organization_id = organization_id
        self.timezone = timezone
        self._ids = itertools.count(organization_id * 10_000 + 1)
        plan_code = f"plan {organization_id}"
        self._insert("practice.plan", plan_code=plan_code, label=plan_code)
        for automation in plan:
            self._insert("practice.plan_automation", plan_code=plan_code, automation=automation)
        self._insert(
            "practice.organization",
            organization_id=organization_id,
            name=f"Practice {organization_id}",
            timezone=timezone,
            plan_code=plan_code,
        )
        for automation in enabled:
            self.setting(automation)
        self.default_billing_provider = self.billing_provider(is_default=True)
        self.default_location = self.location()
        self.default_staff = self.staff()
        self.default_insurer = self.insurer()
        self.default_service_type = self.service_type()

    # What the automation reads

    def setting(self, automation: str, **changes: object) -> None:
        """Switch the automation on from 1 January 2026, or as `changes` say; again changes the setting."""
        row = {"is_enabled": True, "enabled_on": "2026-01-01"} | changes
        assignments = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in row)
        self._insert(
            "billing.automation_setting",
            sql.SQL("ON CONFLICT (organization_id, automation) DO UPDATE SET ") + assignments,
            organization_id=self.organization_id,
            automation=automation,
            **row,
        )

    def rule(self, automation: str, *conditions: Condition, position: int = 1) -> int:
        """An exclusion rule; a condition is (field, values), all of them must hold."""
        rule_id = next(self._ids)
        with self.connection.transaction():
            self._insert(
                "billing.exclusion_rule",
                rule_id=rule_id,
                organization_id=self.organization_id,
                automation=automation,
                position=position,
            )
            for number, (field, values) in enumerate(conditions, start=1):
                self._insert(
                    "billing.exclusion_condition",
                    rule_id=rule_id,
                    condition_number=number,
                    automation=automation,
                    field=field,
                    match_values=[str(value) for value in values],
                )
        return rule_id

    def billing_provider(self, **changes: object) -> int:
        return self._add(
            "practice.billing_provider",
            "billing_provider_id",
            {
                "is_default": False,
                "entity_type": "organization",
                "name": "Aspen Counseling Group",
                "npi": "1234567893",
                "tax_id": "841234567",
                "tax_id_type": "employer",
                "taxonomy_code": "101YM0800X",
                **_ADDRESS,
                "phone": "5555550100",
            },
            changes,
        )

    def location(self, **changes: object) -> int:
        default = {"name": "Aspen North", "place_of_service_code": "11", **_ADDRESS}
        return self._add("practice.location", "location_id", default, changes)

    def staff(self, **changes: object) -> int:
        """A clinician; with `supervisor_id` one who is approved unless `supervision` says cosign."""
        default: dict[str, object] = {
            "last_name": "Okafor",
            "first_name": "Lena",
            "npi": "1245319599",
            "taxonomy_code": "101YM0800X",
        }
        if "supervisor_id" in changes:
            default["supervision"] = "approve"
        return self._add("practice.staff", "staff_id", default, changes)

    def insurer(self, **changes: object) -> int:
        default = {"name": "Prairie Health", "payer_code": "60054", "claim_filing_code": "CI"}
        return self._add("practice.insurer", "insurer_id", default, changes)

    def service_type(self, *, rate: object = "150.00", **changes: object) -> int:
        """A service with a default rate since 2020; `rate=None` leaves it without any."""
        default = {"name": "Psychotherapy, 60 minutes", "procedure_code": "90837"}
        made = self._add("practice.service_type", "service_type_id", default, changes)
        if rate is not None:
            self.fee(made, rate)
        return made

    def fee(self, service_type: int, rate: object, starts_on: str = "2020-01-01", insurer: int | None = None) -> int:
        row = {"service_type_id": service_type, "insurer_id": insurer, "starts_on": starts_on, "rate_amount": rate}
        return self._add("practice.fee", "fee_id", row, {})

    def referring_provider(self, **changes: object) -> int:
        default = {"entity_type": "person", "last_name": "Tanner", "first_name": "Iris", "npi": "1679576722"}
        return self._add("practice.referring_provider", "referring_provider_id", default, changes)

    def client(self, **changes: object) -> int:
        """A client without a policy, of whom nobody said how they pay."""
        default = {
            "last_name": "Example",
            "first_name": "Robin",
            "birth_on": "1990-04-02",
            "sex": "F",
            **_ADDRESS,
            "postal_code": "80521",
        }
        made = self._add("practice.client", "client_id", default, changes)
        self._insert(
            "practice.diagnosis",
            client_id=made,
            organization_id=self.organization_id,
            rank=1,
            diagnosis_code="F411",
            starts_on="2020-01-01",
        )
        return made

    def insured(self, insurer: int | None = None, level: str = "primary", **changes: object) -> int:
        """A client with one policy, of the default insurer unless said otherwise."""
        made = self.client()
        self.policy(made, insurer, level, **changes)
        return made

    def policy(self, client: int, insurer: int | None = None, level: str = "primary", **changes: object) -> int:
        default = {
            "client_id": client,
            "insurer_id": insurer or self.default_insurer,
            "level": level,
            "member_id": "W123456789",
        }
        return self._add("practice.policy", "policy_id", default, changes)

    def pays_by(self, client: int, how: str, starts_on: str = "2020-01-01") -> None:
        self._insert(
            "practice.client_payment",
            client_id=client,
            organization_id=self.organization_id,
            starts_on=starts_on,
            pays_by=how,
        )

    def note(
        self, appointment: int, *, staff: int | None = None, is_signed: bool = True, is_cosigned: bool = False
    ) -> int:
        """A progress note; signed by the clinician unless said otherwise, by the supervisor only if said so."""
        signed_at = datetime.fromisoformat("2026-03-04 08:00+00:00")
        return self._add(
            "practice.progress_note",
            "progress_note_id",
            {
                "appointment_id": appointment,
                "staff_id": staff or self.default_staff,
                "provider_signed_at": signed_at if is_signed else None,
                "supervisor_signed_at": signed_at if is_cosigned else None,
            },
            {},
        )

    # Items

    def appointment(
        self,
        starts: str = f"{TUESDAY} 10:00",
        *,
        client: int | None = None,
        staff: int | None = None,
        services: Sequence[int | Mapping[str, object]] | None = None,
        **changes: object,
    ) -> int:
        """A kept, billable appointment; `services` are service types, or columns of appointment_service."""
        starts_at = self.instant(starts)
        default = {
            "client_id": client or self.insured(),
            "staff_id": staff or self.default_staff,
            "location_id": self.default_location,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "appointment_status": "kept",
            "updated_at": starts_at,
        }
        made = self._add("practice.appointment", "appointment_id", default, changes)
        for number, service in enumerate([self.default_service_type] if services is None else services, start=1):
            self.service(made, number, service)
        return made

    def service(self, appointment: int, line_number: int, service: int | Mapping[str, object]) -> None:
        given = {"service_type_id": service} if isinstance(service, int) else service
        default = {"service_type_id": self.default_service_type, "unit_count": 1}
        self._insert(
            "practice.appointment_service",
            appointment_id=appointment,
            line_number=line_number,
            organization_id=self.organization_id,
            **(default | dict(given)),
        )

    def invoice(
        self, appointment: int | None = None, *, invoice_on: str = TUESDAY, entered_step_on: str | None = None
    ) -> int:
        """The invoice that the night `invoice_on` made of the appointment at 23:00; its review day counts from then."""
        made: int = self._value(
            "SELECT billing.create_invoice(%s)", appointment if appointment is not None else self.appointment()
        )
        self.connection.execute(
            "UPDATE billing.invoice SET invoice_on = %s, entered_step_on = %s, created_at = %s WHERE invoice_id = %s",
            (invoice_on, entered_step_on or invoice_on, self.instant(f"{invoice_on} 23:00"), made),
        )
        return made

    def claim(self, invoice: int | None = None, level: str = "primary", *, entered_step_on: str = "2026-03-04") -> int:
        """The claim of the invoice that came to Awaiting Submission on that day at 22:00."""
        made: int = self._value(
            "INSERT INTO billing.claim (organization_id, invoice_id, client_id, level, total_amount, entered_step_on,"
            "   entered_step_at) SELECT i.organization_id, i.invoice_id, i.client_id, %s, i.total_amount, %s, %s"
            " FROM billing.invoice i WHERE i.invoice_id = %s RETURNING claim_id",
            level,
            entered_step_on,
            self.instant(f"{entered_step_on} 22:00"),
            invoice if invoice is not None else self.invoice(),
        )
        return made

    def item(self, automation: str, appointment: int | None = None) -> int:
        """What waits in the automation's step for the appointment: itself, its invoice, or its primary claim."""
        if appointment is None:
            appointment = self.appointment()
        if automation == "invoice_creation":
            return appointment
        if automation == "invoice_processing":
            return self.invoice(appointment)
        return self.claim(self.invoice(appointment))

    def sent_claim(self, invoice: int | None = None, level: str = "primary") -> int:
        """The same, sent on that day at 21:00."""
        made = self.claim(invoice, level)
        self.connection.execute(
            "UPDATE billing.claim SET claim_status = 'submitted', submitted_at = %s WHERE claim_id = %s",
            (self.instant("2026-03-04 21:00"), made),
        )
        return made

    # Small things

    def instant(self, local: str) -> datetime:
        """The instant of a local date and time."""
        return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(self.timezone))

    def _add(self, table: str, key: str, default: Mapping[str, object], changes: Mapping[str, object]) -> int:
        made = next(self._ids)
        self._insert(table, **{key: made, "organization_id": self.organization_id, **default, **changes})
        return made

    def _insert(self, table: str, then: sql.Composable | None = None, /, **row: object) -> None:
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) {}").format(
            sql.Identifier(*table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(sql.Placeholder() for _ in row),
            then or sql.SQL(""),
        )
        self.connection.execute(statement, list(row.values()))

    def _value(self, statement: str, *parameters: object) -> Any:
        row = self.connection.execute(statement.encode(), parameters).fetchone()
        assert row is not None
        return row[0]


def outcomes(connection: Connection, automation: str, night: str, timezone: str = "America/Denver") -> dict[int, str]:
    """What the night decided per item: *advanced*, or the reason (and detail) of the decision that covers the night."""
    names = {"automation": automation, "night": night, "timezone": timezone}
    rows = connection.execute(
        "SELECT a.item_id, 'advanced' FROM billing.advanced_item a JOIN billing.run r USING (run_id, automation)"
        " WHERE r.automation = %(automation)s AND r.night = %(night)s AND r.timezone = %(timezone)s"
        "   AND a.item_count > 0"
        " UNION ALL"
        " SELECT d.item_id, concat_ws(' ', d.reason, d.detail_code) FROM billing.decision d"
        " JOIN practice.organization o USING (organization_id)"
        " WHERE d.automation = %(automation)s AND o.timezone = %(timezone)s AND d.item_id IS NOT NULL"
        "   AND d.opened_on <= %(night)s AND (d.closed_on IS NULL OR d.closed_on > %(night)s)",
        names,
    ).fetchall()
    found = dict(rows)
    assert len(found) == len(rows), "an item has two outcomes of one night"
    return found


def day_after(day: str, days: int = 1) -> str:
    """The date so many days later (or earlier)."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
