"""The page of one item: what was found, with values; what people did; what was answered; where it is now."""

from __future__ import annotations

import pytest

from include.settings.errors import Refused
from tests.integration.exception_queue.conftest import ANNA, Desk
from tests.integration.nights.scrub_cases import MONDAY, without_coverage, without_sex
from tests.support.practice import AUTOMATIONS

CREATION, PROCESSING, SUBMISSION = AUTOMATIONS


def test_findings_come_with_value_place_and_whether_they_may_pass(desk: Desk) -> None:
    covered, unsexed = without_coverage(desk.practice), without_sex(desk.practice)
    desk.run(SUBMISSION)
    (finding,) = desk.item(SUBMISSION, covered).findings
    assert (finding.edit_code, finding.line_number, finding.severity) == ("COV01", 1, "error")
    assert finding.message == "Line 1: the policy was not active on the date of service."
    assert finding.value is not None and finding.value not in repr(finding)
    assert finding.may_override
    (finding,) = desk.item(SUBMISSION, unsexed).findings
    assert (finding.fix_location, finding.may_override) == ("Client › Profile › Sex for insurance", False)
    desk.billing.execute("SELECT billing.override_finding(%s, 'COV01', 'agreed', 1)", (covered,))
    (finding,) = desk.item(SUBMISSION, covered).findings
    assert (finding.override_reason, finding.may_override) == ("agreed", False)


def test_hand_work_and_history_say_who_what_and_why(desk: Desk) -> None:
    item = desk.practice.claim()
    desk.billing.execute("SELECT set_config('billing.actor', %s, false)", (ANNA,))
    desk.billing.execute("SELECT billing.hold_item(%s, %s, 'wait', '2999-12-01')", (SUBMISSION, item))
    desk.billing.execute("SELECT billing.release_item(%s, %s, 'agreed', true)", (SUBMISSION, item))
    detail = desk.item(SUBMISSION, item)
    assert [(each.kind, each.reason, each.by_whom) for each in detail.hand_work] == [
        ("hold", "wait", ANNA), ("release", "agreed", ANNA)
    ]  # fmt: skip
    assert [(each.action, each.told) for each in reversed(detail.history)] == [
        ("held", "wait, until 2999-12-01"), ("released", "agreed, in spite of the rules")
    ]  # fmt: skip
    desk.billing.execute("SELECT billing.lift_hold(%s, %s)", (SUBMISSION, item))
    desk.billing.execute("SELECT billing.move_back_claim(%s, 'wrong insurer')", (item,))
    detail = desk.item(SUBMISSION, item)
    assert detail.hand_work == [] and detail.stays is None and detail.offers == []
    assert ("moved back", "wrong insurer") in [(each.action, each.told) for each in detail.history]


def test_who_held_or_released_last_is_who_is_named(desk: Desk) -> None:
    item = desk.practice.claim()
    for actor in (ANNA, "boris"):
        desk.billing.execute("SELECT set_config('billing.actor', %s, false)", (actor,))
        desk.billing.execute("SELECT billing.hold_item(%s, %s, %s)", (SUBMISSION, item, f"says {actor}"))
        desk.billing.execute("SELECT billing.release_item(%s, %s, %s)", (SUBMISSION, item, f"says {actor}"))
    detail = desk.item(SUBMISSION, item)
    assert [(each.reason, each.by_whom) for each in detail.hand_work] == [("says boris", "boris")] * 2
    newest = [entry.changed_at for entry in detail.history if entry.changed_by == "boris"]
    assert [each.at for each in detail.hand_work] == sorted(newest)
    # Without the rules set aside nothing is said about rules.
    assert {(each.action, each.told) for each in detail.history} == {
        (action, f"says {actor}") for action in ("held", "released") for actor in (ANNA, "boris")
    }


def test_what_moves_a_claim_does_not_say_that_it_can_be_moved_by_hand(desk: Desk) -> None:
    invoice, claim = desk.practice.invoice(), desk.practice.claim()
    remedies = {}
    for reason in ("before_start", "off", "plan"):
        for automation in (PROCESSING, SUBMISSION):
            desk.practice.setting(automation, is_enabled=reason != "off", enabled_on="2999-01-01")
            if reason == "plan":
                desk.billing.execute("DELETE FROM practice.plan_automation WHERE automation = %s", (automation,))
        for automation, item in ((PROCESSING, invoice), (SUBMISSION, claim)):
            detail = desk.item(automation, item)
            assert detail.stays is not None and detail.stays.reason == reason
            remedies[automation, reason] = detail.stays.remedy
            can_advance = "advance_now" in [offer.action for offer in detail.offers]
            assert can_advance is (automation == PROCESSING)
            assert ("by hand" in detail.stays.remedy) is can_advance
            assert ("move it back" in detail.stays.remedy) is not can_advance
    assert len(set(remedies.values())) == 6


def test_a_rejected_claim_shows_the_answer_in_words_and_its_file(desk: Desk) -> None:
    item = desk.rejected()
    detail = desk.item(SUBMISSION, item)
    (answer,) = [each for each in detail.answers if each.outcome == "rejected"]
    assert (answer.codes, answer.fix_location) == ("A7:562:82", "Practice › Staff › NPI")
    assert answer.words == "Rejected, something in it is not valid; NPI; rendering provider"
    assert detail.file is not None and detail.file.is_visitors
    assert "file sent" in [each.action for each in detail.history]
    assert detail.stays is not None and str(detail.stays.since) == "2026-03-05"


def test_an_item_that_moved_on_says_where_it_is(desk: Desk) -> None:
    appointment = desk.practice.appointment()
    desk.run(CREATION, night=MONDAY)
    detail = desk.item(CREATION, appointment)
    assert detail.stays is None and detail.offers == []
    assert detail.facts.invoice_id is not None
    desk.billing.execute("SELECT billing.create_claim(%s)", (detail.facts.invoice_id,))
    facts = desk.item(PROCESSING, detail.facts.invoice_id).facts
    assert facts.appointment_id == appointment and facts.claim_ids is not None


def test_there_is_no_item_of_another_automation(desk: Desk) -> None:
    for automation in ("era_processing", "nothing"):
        with pytest.raises(Refused, match="there is no item 1 here"):
            desk.item(automation, 1)
