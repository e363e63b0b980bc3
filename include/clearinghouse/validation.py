"""An independent opinion on a finished file: does it follow the 837P syntax as pyx12 knows it?

pyx12 was not written by us and has its own maps, so it finds what the writer got wrong. It knows nothing of NPIs,
code sets by date or sums: that is the scrubber's part.

Its messages quote the values they complain about, in its result and in its log. Neither may leave this module: the log
is switched off and findings are worded anew from codes and from names in its maps.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from include.clearinghouse.interchange import UnnumberedInterchange

_SEGMENT_TEXTS: Final = {
    "1": "segment is not known or not well formed",
    "2": "segment is not expected here",
    "3": "something mandatory is missing",
    "4": "loop occurs too often",
    "5": "segment occurs too often",
    "6": "segment does not belong to this transaction set",
    "7": "segment is out of sequence",
    "8": "segment is empty or faulty",
    "HL1": "level number is not the running count",
    "HL2": "level names a parent that is not open",
    "LX": "line number is not the running count",
    "SEG1": "segment has empty elements at its end",
}
_ELEMENT_TEXTS: Final = {
    "1": "mandatory element is missing",
    "2": "element is missing that another one requires",
    "3": "too many elements",
    "4": "element is too short",
    "5": "element is too long",
    "6": "element has a character or form that its type does not allow",
    "7": "value is not in the code list",
    "8": "date is not valid",
    "9": "time is not valid",
    "10": "element must not be used here",
}
_ENVELOPE_TEXT: Final = "envelope is not complete: control numbers, counts or trailers do not agree"
_MISSING: Final = re.compile(r'Mandatory (segment|loop) "([^"*~]{1,80})" \(([A-Z0-9]{2,6})\) missing')
_SEGMENT_ID: Final = re.compile(r"[A-Z][A-Z0-9]{1,2}")

#: Code of a finding that says the validator itself broke off.
BROKE_OFF: Final = "BROKE_OFF"


@dataclass(frozen=True, order=True)
class SyntaxFinding:
    """One complaint. `segment_position` counts from 1 (ISA), 0 is the file as a whole; `place` is like 2010BA/NM109.

    `text` has no values from the file. A missing segment is reported at the segment after the gap.
    """

    segment_position: int
    place: str
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


@dataclass(frozen=True)
class Verdict:
    """Whether a file was accepted; `findings` in order of position, empty exactly when it was."""

    accepted: bool
    findings: tuple[SyntaxFinding, ...]


def validate(body: bytes) -> Verdict:
    """pyx12's verdict on a file. Costs 0.2 s plus about 3 ms a claim; never raises for what is in the file."""
    envelope = _frame_finding(body)
    if envelope:
        return Verdict(False, (envelope,))
    # Here and not at the top: the import alone takes a noticeable part of a second, and most importers of this
    # package never validate.
    import pyx12.params
    import pyx12.x12n_document

    _silence_pyx12()
    loops: list[tuple[str, str]] = []

    def note_loop(segment: Any, _source: Any, node: Any, _valid: bool) -> None:
        loops.append((str(segment.get_seg_id()), str(getattr(node.parent, "id", "") or "")))

    report = io.StringIO()
    try:
        accepted = pyx12.x12n_document.x12n_document(
            pyx12.params.params(), io.StringIO(body.decode("ascii")), None, None, fd_json=report, callback=note_loop
        )
        findings = sorted(set(_findings(json.loads(report.getvalue() or "{}"), loops)))
    except MemoryError:
        raise
    except Exception as error:  # pyx12 raises many kinds for broken files, and their texts quote the file
        text = f"the validator broke off ({type(error).__name__})"
        return Verdict(False, (SyntaxFinding(0, "file", BROKE_OFF, text),))
    if accepted and not findings:
        return Verdict(True, ())
    return Verdict(False, tuple(findings) or (SyntaxFinding(0, "file", "", "refused without a stated error"),))


def _silence_pyx12() -> None:
    # Its error handler logs every complaint with the offending value. Set at each call: whoever configures logging in
    # between (Airflow does, per task) must not open it again.
    logger = logging.getLogger("pyx12")
    logger.setLevel(logging.CRITICAL + 1)
    logger.propagate = False


def _frame_finding(body: bytes) -> SyntaxFinding | None:
    """What pyx12 passes over: bytes after the last segment terminator; and what its text input cannot hold."""
    if not body.isascii():
        return SyntaxFinding(0, "file", "ASCII", "file holds bytes that are not ASCII")
    if not re.fullmatch(rb"ISA.*~IEA\*[0-9*]*~", body, re.DOTALL):
        return SyntaxFinding(0, "file", "FRAME", "file does not begin with ISA and end with IEA")
    return None


def _findings(report: dict[str, Any], loops: list[tuple[str, str]]) -> Iterator[SyntaxFinding]:
    for interchange in report.get("interchanges", []):
        for error in interchange["errors"]:
            yield SyntaxFinding(interchange["cur_line"], "ISA", str(error["err_cde"]), _ENVELOPE_TEXT)
        for group in interchange["groups"]:
            for error in group["errors"]:
                yield SyntaxFinding(group["cur_line"], "GS", str(error["err_cde"]), _ENVELOPE_TEXT)
            for transaction in group["transactions"]:
                for error in transaction["errors"]:
                    yield SyntaxFinding(transaction["cur_line"], "ST", str(error["err_cde"]), _ENVELOPE_TEXT)
                for segment in transaction["segments"]:
                    yield from _segment_findings(segment, loops)


def _segment_findings(segment: dict[str, Any], loops: list[tuple[str, str]]) -> Iterator[SyntaxFinding]:
    position = int(segment["cur_line"])
    segment_id = _safe(_SEGMENT_ID, segment["seg_id"]) or "segment"
    at_position, loop = loops[position - 1] if 1 <= position <= len(loops) else ("", "")
    place = f"{loop}/{segment_id}" if loop and at_position == segment_id else segment_id
    for error in segment["errors"]:
        code = str(error["err_cde"])
        missing = _MISSING.fullmatch(str(error["err_str"]))
        text = f"{missing[1]} {missing[2]} ({missing[3]}) is missing" if missing else _SEGMENT_TEXTS.get(code, "faulty")
        yield SyntaxFinding(position, place, code, text)
    for element in segment["elements"]:
        at = f"{place}{int(element['ele_pos']):02d}" + (
            f"-{int(element['subele_pos'])}" if element["subele_pos"] is not None else ""
        )
        for error in element["errors"]:
            code = str(error["err_cde"])
            yield SyntaxFinding(position, at, code, _ELEMENT_TEXTS.get(code, "element is faulty"))


def _safe(pattern: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""


def claims_refused(interchange: UnnumberedInterchange, verdict: Verdict) -> pd.DataFrame:
    """The claims that the findings of `verdict` point at: claim_id, reason (the first finding), by claim_id.

    A missing segment is noticed one segment too late, so a finding on the first segment of a claim may be about the
    claim before; both are named. Findings on envelope and header name none. `isolation.isolate_refused` tells which
    claims are at fault for sure.
    """
    reasons: dict[int, str] = {}
    for finding in verdict.findings:
        position = finding.segment_position
        for claim_id in (*interchange.claims_at(position), *interchange.claims_at(position - 1)):
            reasons.setdefault(claim_id, str(finding))
    return reasons_frame(reasons)


def reasons_frame(reasons: dict[int, str]) -> pd.DataFrame:
    """claim_id and reason, one row per claim, in order of claim_id."""
    claim_ids = sorted(reasons)
    return pd.DataFrame(
        {
            "claim_id": pd.Series(claim_ids, dtype="int64"),
            "reason": pd.Series([reasons[claim_id] for claim_id in claim_ids], dtype="str"),
        }
    )
