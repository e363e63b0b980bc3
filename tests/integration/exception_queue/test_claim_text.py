"""A claim as it was sent and as it would be sent now: the bytes of its file, and in words."""

from __future__ import annotations

import pytest

from include.exception_queue.claim_text import read_claim_text
from include.settings.errors import Refused
from tests.integration.exception_queue.conftest import Desk
from tests.integration.nights.scrub_cases import TUESDAY
from tests.support.practice import Practice


def sent_claims(desk: Desk) -> list[int]:
    """Three claims in one file, the second of a client who is not the policy holder."""
    child = desk.practice.client()
    desk.practice.policy(
        child, relationship="child", subscriber_last_name="Sample", subscriber_first_name="Jo",
        subscriber_birth_on="1970-01-01", subscriber_sex="M",
    )  # fmt: skip
    clients = [desk.practice.insured(), child, desk.practice.insured()]
    claims = [desk.practice.claim(desk.practice.invoice(desk.practice.appointment(client=each))) for each in clients]
    desk.run("claims_submission", night="2026-03-05")
    return claims


def test_the_claim_as_sent_is_what_its_file_holds(desk: Desk) -> None:
    claims = sent_claims(desk)
    body = bytes(desk.one("SELECT body FROM billing.interchange")[0])
    provider, parts = b"", []
    for claim in claims:
        text = read_claim_text(desk.settings, 1, claim)
        assert text.sent is not None and text.sent.state == "sent"
        filed = text.sent.written.filed
        assert filed.claim_number == f"C{claim}V1"
        provider = "".join(f"{segment}~" for segment in filed.provider_segments).encode()
        parts.append("".join(f"{segment}~" for segment in filed.segments).encode())
    # Byte for byte, from the billing provider to the trailer.
    assert body[body.index(b"HL*1**20*1~") : body.index(b"~SE*") + 1] == provider + b"".join(parts)


def test_the_claim_as_it_would_be_sent_now_follows_the_data(desk: Desk) -> None:
    claim, *_ = sent_claims(desk)
    text = read_claim_text(desk.settings, 1, claim)
    assert text.sent is not None and text.now is not None and not text.has_changed
    assert text.sent.written.filed.segments[1:] == text.now.filed.segments[1:]
    desk.billing.execute("UPDATE practice.policy SET member_id = 'W999'")
    text = read_claim_text(desk.settings, 1, claim)
    assert text.now is not None and text.has_changed
    assert "NM1*IL*1*EXAMPLE*ROBIN****MI*W999" in text.now.segments
    assert text.sent is not None and "NM1*IL*1*EXAMPLE*ROBIN****MI*W999" not in text.sent.written.segments


def test_a_claim_that_cannot_be_written_says_which_column_and_where_to_correct_it(desk: Desk) -> None:
    client = desk.practice.client(last_name="Петрова")
    desk.practice.policy(client)
    claim = desk.practice.claim(desk.practice.invoice(desk.practice.appointment(client=client)))
    text = read_claim_text(desk.settings, 1, claim)
    assert (text.sent, text.now, text.has_changed) == (None, None, False)
    columns = {reason.partition(":")[0]: place for reason, place in text.problems}
    assert columns["patient_last_name"] == "Client › Profile"
    assert "Петрова" not in repr(text)


def test_the_claim_reads_in_words_and_leaves_nothing_out(desk: Desk) -> None:
    claim = sent_claims(desk)[1]
    text = read_claim_text(desk.settings, 1, claim)
    assert text.sent is not None
    loops = text.sent.written.loops
    assert [loop.title for loop in loops] == [
        "Billing provider", "Policy holder", "Insurer", "Patient", "Claim", "Rendering provider", "Service line 1"
    ]  # fmt: skip
    assert [each.raw for loop in loops for each in loop.segments] == list(text.sent.written.segments)
    told = {(loop.title, each.name): dict(each.elements) for loop in loops for each in loop.segments}
    assert told["Claim", "Claim"]["claim number"] == f"C{claim}V1"
    assert told["Claim", "Claim"]["total charge"] == "$150"
    assert told["Patient", "Patient"] == {"relationship to the policy holder": "child"}
    assert told["Patient", "Birth and sex"] == {"born on": "1990-04-02", "sex": "female"}
    assert told["Service line 1", "Date"] == {"kind": "service", "date": "2026-03-03"}
    assert told["Claim", "Diagnoses"] == {"diagnosis": "F411"}


def test_the_newest_sent_version_is_shown(desk: Desk) -> None:
    claim = desk.rejected()
    desk.billing.execute("SELECT billing.return_claim(%s, 'again')", (claim,))
    text = read_claim_text(desk.settings, 1, claim)
    assert text.sent is not None and text.now is not None
    assert (text.sent.written.filed.claim_number, text.now.filed.claim_number) == (f"C{claim}V1", f"C{claim}V2")
    assert not text.has_changed
    desk.billing.execute("UPDATE billing.claim SET entered_step_on = '2026-03-09', entered_step_at = '2026-03-09'")
    desk.run("claims_submission", night=TUESDAY)
    text = read_claim_text(desk.settings, 1, claim)
    assert text.sent is not None and text.sent.written.filed.claim_number == f"C{claim}V2"


def test_another_organizations_claim_is_not_there(desk: Desk) -> None:
    claim = Practice(desk.billing, 2).claim()
    with pytest.raises(Refused, match=f"there is no claim {claim} here"):
        read_claim_text(desk.settings, 1, claim)
