"""Runs in the environment of the peers, which has claim-validator and nothing of this project; JSON in, JSON out.

In: as_of (ISO day), sets (name -> claims as dicts), tables (name -> object, or null for the package's own).
Out: complaints (name -> per claim: errors, warnings), seconds (name -> of the set), versions.
"""

from __future__ import annotations

import datetime
import json
import sys
import time
from importlib.metadata import version
from typing import Any


def main() -> None:
    asked = json.load(sys.stdin)
    import claim_validator.models.claim as claim_model
    from claim_validator.validators.pipeline import ValidationPipeline
    from pydantic import ValidationError

    as_of = datetime.date.fromisoformat(asked["as_of"])

    class NightOfTheCases(datetime.date):
        @classmethod
        def today(cls) -> datetime.date:
            return as_of

    # It compares with the clock of the machine; the cases have a night of their own.
    claim_model.date = NightOfTheCases
    if asked["tables"] is not None:
        _replace_tables(asked["tables"])
    # Once, as its documentation allows; its function `validate` builds this anew for every claim.
    pipeline = ValidationPipeline.from_settings()

    def judge(claim: dict[str, Any]) -> dict[str, list[str]]:
        try:
            data = claim_model.ClaimData(**claim)
        except ValidationError as refusal:
            places = [(".".join(map(str, error["loc"])), error["type"]) for error in refusal.errors()]
            return {"errors": [f"ValidationError {place} {kind}" for place, kind in places], "warnings": []}
        result = pipeline.run(data)
        return {"errors": list(map(_label, result.errors)), "warnings": list(map(_label, result.warnings))}

    for claims in asked["sets"].values():
        judge(claims[0])  # loads its tables
    complaints, seconds = {}, {}
    for name, claims in asked["sets"].items():
        start = time.perf_counter()
        complaints[name] = [judge(claim) for claim in claims]
        seconds[name] = time.perf_counter() - start
    packages = ("claim-validator", "pydantic", "httpx")
    answer = {"complaints": complaints, "seconds": seconds, "versions": {name: version(name) for name in packages}}
    json.dump(answer, sys.stdout)


def _label(finding: Any) -> str:
    return f"{finding.code} {finding.field_name} {finding.line_number or ''}".rstrip()


def _replace_tables(tables: dict[str, Any]) -> None:
    """Put tables where its lazy loaders keep what they have read; it has no setting for them."""
    import claim_validator.code_tables.loader as own_loader
    import claim_validator.code_tables.timely_filing as timely_filing
    import claim_validator.shared.code_tables.loader as shared_loader

    for loader in (own_loader, shared_loader):
        for name in ("hcpcs", "icd10_cm", "taxonomy"):
            loader._tables[name] = tables[name]
    timely_filing._timely_filing = tables["timely_filing"]


if __name__ == "__main__":
    main()
