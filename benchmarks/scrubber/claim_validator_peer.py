"""claim-validator (PyPI) on the same claims, called in its own environment."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, Final

import pandas as pd

from benchmarks.scrubber.mutations import BrokenClaims
from benchmarks.scrubber.one_claim import OneClaim, Row
from benchmarks.scrubber.verdicts import Complaints, SideResult, beyond_twins
from include.claim_frames import ClaimFrames
from include.claims_scrubber import References

WORKER: Final = Path(__file__).with_name("claim_validator_worker.py")
AS_INSTALLED: Final = "claim-validator as installed"
WITH_TABLES: Final = "claim-validator with the tables of the cases"

#: What its model of a claim has no place for.
UNMAPPED: Final = (
    "addresses, names and tax ids of the providers, supervisors, referring providers and facilities (of providers it "
    "has the billing and rendering NPI and the billing taxonomy), addresses of patients and subscribers, middle names, "
    "policy dates, group number, claim filing indicator, level, frequency code and the insurer's claim number, claim "
    "number, other insurers and what they decided, authorizations, accidents, notes, descriptions, minutes, "
    "telehealth, records, other claims"
)


class PeerFailed(RuntimeError):
    """The environment of the peers did not answer; its own output says why."""


def measure_claim_validator(
    python: Path, valid: ClaimFrames, cases: BrokenClaims, references: References, as_of: date
) -> tuple[tuple[SideResult, ...], dict[str, str]]:
    """Its verdicts as installed and with our tables in place of its own, and the versions used.

    With its own tables it does not know psychotherapy's codes, so what it says of them tells nothing about its rules.
    """
    frames = {"valid": valid, "broken": cases.broken, "twins": cases.valid}
    claims = {name: OneClaim.all_of(part) for name, part in frames.items()}
    sets = {name: [claim_dict(claim, as_of) for claim in each] for name, each in claims.items()}
    ids = {name: [int(claim.claim["claim_id"]) for claim in each] for name, each in claims.items()}
    visible = frozenset(
        claim_id
        for claim_id, broken, twin in zip(ids["broken"], sets["broken"], sets["twins"], strict=True)
        if broken != twin
    )
    sides, versions = [], {}
    for name, tables in ((AS_INSTALLED, None), (WITH_TABLES, tables_for_peer(references, as_of))):
        answer = _ask(python, {"as_of": as_of.isoformat(), "sets": sets, "tables": tables})
        versions = answer["versions"]

        def said(part: str, severity: str, answer: dict[str, Any] = answer) -> dict[int, Counter[str]]:
            each = zip(ids[part], answer["complaints"][part], strict=True)
            return {claim_id: Counter(found[severity]) for claim_id, found in each if found[severity]}

        sides.append(_side(name, said, visible, len(ids["valid"]) / answer["seconds"]["valid"]))
    return tuple(sides), versions


def _side(name: str, said: Any, visible: frozenset[int], rate: float) -> SideResult:
    caught: Complaints = beyond_twins(said("broken", "errors"), said("twins", "errors"))
    warned = beyond_twins(said("broken", "warnings"), said("twins", "warnings"))
    return SideResult(
        name=name,
        held=said("valid", "errors"),
        warned=said("valid", "warnings"),
        caught=caught,
        only_warned=frozenset(warned.keys() - caught.keys()),
        visible=visible,
        claims_per_second={"validate": rate},
    )


def _ask(python: Path, question: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        # Isolated: neither this checkout nor its packages must be on the path of the peer.
        [python, "-I", WORKER],
        input=json.dumps(question),
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise PeerFailed(f"claim-validator ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def claim_dict(claim: OneClaim, as_of: date) -> dict[str, Any]:
    """The claim in claim-validator's model, as far as it goes; what is missing is None, so that it can say so.

    Diagnoses get the dot it insists on; the charge of a line becomes one of a unit, which it multiplies by the units.
    """
    row = claim.claim
    return {
        "billing_provider_npi": row["billing_npi"],
        "billing_provider_taxonomy": row["billing_taxonomy_code"],
        "rendering_provider_npi": row["rendering_npi"],
        "subscriber_id": row["member_id"],
        "subscriber_first_name": row["subscriber_first_name"],
        "subscriber_last_name": row["subscriber_last_name"],
        "subscriber_dob": _day(row["subscriber_birth_on"]),
        "subscriber_gender": row["subscriber_sex"],
        "patient_first_name": row["patient_first_name"],
        "patient_last_name": row["patient_last_name"],
        "patient_dob": _day(row["patient_birth_on"]),
        "patient_gender": row["patient_sex"],
        "patient_relationship": row["relationship"],
        "payer_id": row["payer_code"],
        "payer_name": row["payer_name"],
        "place_of_service": row["place_of_service_code"],
        "total_charge": _dollars(row["total_charge_cents"]),
        "filing_date": as_of.isoformat(),
        "diagnosis_codes": [
            {
                "code": _dotted(diagnosis["diagnosis_code"]),
                "pointer": diagnosis["rank"],
                "type": "principal" if diagnosis["rank"] == 1 else "secondary",
            }
            for diagnosis in claim.diagnoses
        ],
        "lines": [_line_dict(line, row["rendering_npi"]) for line in claim.lines],
    }


def _line_dict(line: Row, rendering_npi: str | None) -> dict[str, Any]:
    charge, units = _dollars(line["charge_cents"]), line["unit_count"]
    modifiers = [line[f"modifier_{place}"] for place in range(1, 5)]
    pointers = line["diagnosis_pointers"]
    return {
        "procedure_code": line["procedure_code"],
        "modifiers": [modifier for modifier in modifiers if modifier],
        "diagnosis_pointers": pointers.split(":") if pointers else [],
        "charge_amount": charge / units if charge is not None and units and units > 1 else charge,
        "units": units,
        "service_date_from": _day(line["service_on"]),
        "service_date_to": _day(line["service_on"]),
        "place_of_service": line["place_of_service_code"],
        "rendering_provider_npi": rendering_npi,
    }


def tables_for_peer(references: References, as_of: date) -> dict[str, Any]:
    """Our tables in the form of its own: billable diagnoses, procedures in force on `as_of`, taxonomy, limits."""
    diagnoses = references.table("diagnosis_code")
    procedures = references.table("procedure_code")
    in_force = procedures["ends_on"].isna() | (procedures["ends_on"] >= pd.Timestamp(as_of))
    limits = references.table("timely_filing")
    return {
        "icd10_cm": dict.fromkeys(diagnoses.loc[diagnoses["is_billable"], "diagnosis_code"], "listed"),
        "hcpcs": dict.fromkeys(procedures.loc[in_force, "procedure_code"], "listed"),
        "taxonomy": dict.fromkeys(references.table("taxonomy")["taxonomy_code"], "listed"),
        "timely_filing": dict(zip(limits["payer_code"], map(int, limits["limit_days"]), strict=True)),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _dollars(cents: int | None) -> float | None:
    return None if cents is None else cents / 100


def _dotted(code: str | None) -> str | None:
    return f"{code[:3]}.{code[3:]}" if code and len(code) > 3 and "." not in code else code
