"""How fast a 277CA is read, against two other ways of taking it apart: ``make bench-answers [N=10000]``. No database.

The file is invented: one batch, every tenth claim rejected with two codes, the others accepted with the insurer's
number.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from collections.abc import Sequence

from pyx12.x12file import X12Reader

from benchmarks.measuring import peak_megabytes
from include.clearinghouse.answers import read_answers, read_contents


def measure_answers(claims: int = 10_000) -> dict[str, float]:
    """Seconds to find out what a 277CA about so many claims holds and to read it; what came out; peak of the process.

    Raises `RuntimeError` when not every claim has its answer.
    """
    body = build_claim_answers(claims)
    start = time.perf_counter()
    contents = read_contents(body)
    answered: set[str | None] = set()
    rejected: set[str | None] = set()
    for answer in read_answers(body):
        if answer.grain == "claim":
            answered.add(answer.claim_number)
            if answer.outcome == "rejected":
                rejected.add(answer.claim_number)
    seconds = time.perf_counter() - start
    if contents != {"277CA"} or len(answered) != claims or len(rejected) != -(-claims // 10):
        raise RuntimeError(f"{len(answered)} of {claims} claims have an answer, {len(rejected)} are rejected")
    return {
        "claims": claims,
        "bytes": len(body),
        "seconds": seconds,
        "claims_per_second": claims / seconds,
        "peak_megabytes": peak_megabytes(),
    }


def measure_peers(claims: int = 10_000) -> dict[str, float]:
    """Seconds for the same bytes: cut at the delimiters and no more (floor), and by pyx12's reader of segments."""
    body = build_claim_answers(claims).decode("ascii")
    start = time.perf_counter()
    elements = sum(len(segment.split("*")) for segment in body.split("~"))
    floor = time.perf_counter() - start
    assert elements > claims
    start = time.perf_counter()
    segments = sum(1 for _ in X12Reader(io.StringIO(body)))
    peer = time.perf_counter() - start
    assert segments > claims
    return {"floor": floor, "pyx12": peer}


def build_claim_answers(claims: int) -> bytes:
    """A 277CA about claims C0V1, C1V1 and so on."""
    segments = [
        "BHT*0085*08*ACK1*20261104*0930*TH",
        "HL*1**20*1",
        "NM1*PR*2*SAMPLE INSURER*****PI*SAMPLE1",
        "HL*2*1*21*1",
        "NM1*41*2*SAMPLE PRACTICE*****46*OURSUBMITTER",
        "TRN*2*0000000010001",
        "STC*A1:20*20261104*WQ*1500",
        "HL*3*2*19*1",
        "NM1*85*2*SAMPLE PRACTICE*****XX*1234567893",
    ]
    for number in range(claims):
        rejects = number % 10 == 0
        segments += [
            f"HL*{number + 4}*3*PT",
            "NM1*QC*1*SAMPLE*PAT****MI*MEMBER1",
            f"TRN*2*C{number}V1",
            "STC*A7:562:82*20261104*U*150******A7:125:82" if rejects else "STC*A2:20*20261104*WQ*150",
            "REF*D9*CLEARING1" if rejects else f"REF*1K*26{number:09d}",
            "DTP*472*D8*20261102",
        ]
    header = (
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{'CLEARINGHOUSE':15}*ZZ*{'OURSUBMITTER':15}*261104*0930*^*00501*000000001*0*T*:~"
        "GS*HN*CLEARINGHOUSE*OURS*20261104*0930*1*X*005010X214~ST*277*0001*005010X214~"
    )
    return f"{header}{'~'.join(segments)}~SE*{len(segments) + 2}*0001~GE*1*1~IEA*1*000000001~".encode("ascii")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.answers", description=__doc__)
    parser.add_argument("--claims", type=int, default=10_000)
    options = parser.parse_args(arguments)
    if options.claims < 1:
        parser.error("sizes start at 1")
    figures = measure_answers(options.claims)
    print(
        f"277CA of {options.claims:,} claims ({figures['bytes'] / 1e6:.1f} MB) read in {figures['seconds']:.2f} s, "
        f"{figures['claims_per_second']:,.0f} claims/s, peak {figures['peak_megabytes']:.0f} MB"
    )
    for name, seconds in measure_peers(options.claims).items():
        print(f"  {name}: {seconds:.2f} s, ours takes {figures['seconds'] / seconds:.2f}x of it")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
