"""Invented claims for the tests of this folder; nobody in them exists."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime

from include.claim_frames import FRAME_COLUMNS, ClaimFrames, as_frame
from include.clearinghouse.interchange import Receiver
from include.clearinghouse.professional_claim import build_claim_runs

RECEIVER = Receiver(
    receiver_code="TESTHOUSE",
    submitter_id="SUBM01",
    submitter_name="Practice Billing Service",
    contact_name="Dana Okafor",
    contact_phone="(303) 555-0100",
    receiver_id="HOUSE01",
    receiver_name="Test Clearinghouse",
)
CREATED_AT = datetime(2026, 11, 25, 21, 4, tzinfo=UTC)

Row = dict[str, object]

_LINE: Row = {
    "service_on": date(2026, 11, 23),
    "procedure_code": "90837",
    "unit_count": 1,
    "charge_cents": 15000,
    "place_of_service_code": "11",
    "diagnosis_pointers": "1",
}


def line(**changes: object) -> Row:
    return {**_LINE, **changes}


def claim(claim_id: int = 1, **changes: object) -> Row:
    """One valid claim of a client insured by themself, billed by a group.

    `lines`, `diagnoses`, `other_payers` and `same_day_lines` may be given; a line may state its `line_number`.
    """
    row: Row = {
        "claim_id": claim_id,
        "organization_id": 7,
        "claim_number": f"C{claim_id:06d}",
        "version": 1,
        "level": "primary",
        "frequency_code": "1",
        "place_of_service_code": "11",
        "invoice_id": 100 + claim_id,
        "appointment_id": 200 + claim_id,
        "billing_provider_id": 1,
        "billing_entity_type": "2",
        "billing_name": "Aspen Counseling Group",
        "billing_npi": "1234567893",
        "billing_tax_id": "84-1234567",
        "billing_tax_id_type": "EI",
        "billing_taxonomy_code": "261QM0801X",
        "billing_address_1": "100 Larimer St",
        "billing_city": "Denver",
        "billing_state_code": "CO",
        "billing_postal_code": "80202-1234",
        "billing_phone": "303-555-0101",
        "rendering_staff_id": 11,
        "rendering_last_name": "Quill",
        "rendering_first_name": "Maren",
        "rendering_npi": "1245319599",
        "rendering_taxonomy_code": "101YM0800X",
        "client_id": 300 + claim_id,
        "policy_id": 400 + claim_id,
        "insurer_id": 5,
        "payer_name": "Mesa Mutual",
        "payer_code": "MESA1",
        "claim_filing_code": "CI",
        "member_id": f"M{claim_id:08d}",
        "group_number": "G-55",
        "relationship": "self",
        "assignment_of_benefits": True,
        "release_of_information": True,
        **person("patient", "Arbor", "Lena"),
        **person("subscriber", "Arbor", "Lena"),
        "lines": [line()],
        "diagnoses": ["F411"],
    }
    row.update(changes)
    if "total_charge_cents" not in row:
        charges = [each.get("charge_cents") for each in row["lines"]]  # type: ignore[attr-defined]
        row["total_charge_cents"] = sum(charge for charge in charges if isinstance(charge, int))
    return row


def person(role: str, last_name: str, first_name: str, **changes: object) -> Row:
    """The columns of a patient or subscriber."""
    values: Row = {
        "last_name": last_name,
        "first_name": first_name,
        "birth_on": date(1988, 2, 29),
        "sex": "F",
        "address_1": "12 Juniper Ln",
        "city": "Boulder",
        "state_code": "CO",
        "postal_code": "80301",
        **changes,
    }
    return {f"{role}_{name}": value for name, value in values.items()}


def other_payer(level: str = "primary", **changes: object) -> Row:
    """The patient's other insurer, nothing decided yet.

    `line_payments` (see `line_payment`) and `adjustments` of the claim as a whole, (group code, reason code, cents[,
    quantity]), may be given.
    """
    return {
        "level": level,
        "policy_id": 900,
        "insurer_id": 9,
        "payer_name": f"{level.title()} Alliance",
        "payer_code": f"{level[:3].upper()}01",
        "claim_filing_code": "CI",
        "member_id": f"{level[0].upper()}-8812",
        "group_number": "OG-7",
        "relationship": "self",
        "assignment_of_benefits": True,
        "release_of_information": True,
        "subscriber_last_name": "Arbor",
        "subscriber_first_name": "Lena",
        "subscriber_address_1": "12 Juniper Ln",
        "subscriber_city": "Boulder",
        "subscriber_state_code": "CO",
        "subscriber_postal_code": "80301",
        "line_payments": [],
        "adjustments": [],
        **changes,
    }


def line_payment(line_number: int, paid_cents: int, *adjustments: tuple[object, ...], **changes: object) -> Row:
    """What an insurer decided of a line; `adjustments` as of `other_payer`."""
    return {
        "line_number": line_number,
        "procedure_code": "90837",
        "unit_count": 1,
        "paid_cents": paid_cents,
        "adjustments": adjustments,
        **changes,
    }


def frames_of(claims: Iterable[Row]) -> ClaimFrames:
    """The frames of `claims`, in the order the frames are promised in."""
    claims = list(claims)
    by_organization = sorted(claims, key=lambda row: (row["organization_id"], row["claim_id"]))  # type: ignore[return-value,arg-type]
    by_id = sorted(claims, key=lambda row: row["claim_id"])  # type: ignore[return-value,arg-type]
    belonging = ("lines", "diagnoses", "other_payers", "same_day_lines")
    rows: dict[str, list[Row]] = {name: [] for name in FRAME_COLUMNS}
    rows["claims"] = [{k: v for k, v in row.items() if k not in belonging} for row in by_organization]
    for row in by_id:
        own: Row = {"claim_id": row["claim_id"]}
        for number, each in enumerate(row["lines"], start=1):  # type: ignore[arg-type]
            rows["lines"].append({**own, "line_number": number, **each})
        for rank, code in enumerate(row["diagnoses"], start=1):  # type: ignore[arg-type]
            rows["diagnoses"].append({**own, "rank": rank, "diagnosis_code": code})
        for each in row.get("same_day_lines", ()):  # type: ignore[attr-defined]
            rows["same_day_lines"].append({**own, **each})
        for each in sorted(row.get("other_payers", ()), key=lambda payer: str(payer["level"])):  # type: ignore[call-overload]
            _add_other_payer(rows, {**own, **each})
    frames = ClaimFrames(**{name: _frame(rows[name], columns) for name, columns in FRAME_COLUMNS.items()})
    frames.check()
    return frames


def _add_other_payer(rows: dict[str, list[Row]], payer: Row) -> None:
    own: Row = {"claim_id": payer["claim_id"], "level": payer["level"]}
    payments, adjustments = payer.pop("line_payments"), payer.pop("adjustments")
    rows["other_payers"].append(payer)
    _add_adjustments(rows, {**own, "line_number": 0}, adjustments)
    for payment in payments:  # type: ignore[attr-defined]
        of_line = {k: v for k, v in payment.items() if k != "adjustments"}
        rows["line_payments"].append({**own, **of_line})
        _add_adjustments(rows, {**own, "line_number": payment["line_number"]}, payment["adjustments"])


def _add_adjustments(rows: dict[str, list[Row]], place: Row, adjustments: object) -> None:
    for group_code, reason_code, amount_cents, *quantity in adjustments:  # type: ignore[attr-defined]
        rows["adjustments"].append(
            {
                **place,
                "group_code": group_code,
                "reason_code": reason_code,
                "amount_cents": amount_cents,
                "quantity": quantity[0] if quantity else None,
            }
        )


def _frame(rows: list[Row], columns: dict[str, str]):  # type: ignore[no-untyped-def]
    unknown = {column for row in rows for column in row} - set(columns)
    assert not unknown, unknown
    return as_frame({column: [row.get(column) for row in rows] for column in columns}, columns)


def segments_of(*claims: Row) -> list[str]:
    """The segments of loops 2000A and below; the claims are of one organization."""
    (run,) = build_claim_runs(frames_of(claims))
    return run.text.split("~")[:-1]
