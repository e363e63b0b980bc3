"""Faults of diagnoses, procedures, units, charges and modifiers."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import Final

from benchmarks.scrubber.mutation import (
    APA,
    ENSORA,
    GENERAL,
    OPENPAYER,
    SESSIONS,
    STEDI,
    THERAPYNOTES,
    X12,
    Change,
    Mutation,
    Need,
    add_line,
    bills,
    both,
    every,
    is_first,
    is_in_person,
    put,
    put_line,
    put_lines,
    where,
)
from benchmarks.scrubber.one_claim import OneClaim
from benchmarks.scrubber.valid_claims import AS_OF

_POINTERS = f"{STEDI}new-claim-edit-invalid-diagnosis-pointers"
_UNITS = f"{STEDI}claim-edit-negative-service-unit-counts"
_GUIDELINES = "ICD-10-CM Official Guidelines for Coding and Reporting"


def _no_authorization(claim: OneClaim) -> bool:
    return is_first(claim) and claim.claim["payer_code"] not in ("LBT04", "SMH07")


def _first_bills(*codes: str) -> Need:
    return every(_no_authorization, bills(*codes))


def _first_diagnosis(code: str) -> Change:
    return lambda claim: claim.diagnoses[0].update(diagnosis_code=code)


def _thirteen(claim: OneClaim) -> None:
    codes = (
        "F411",
        "F331",
        "G4700",
        "F17210",
        "Z630",
        "Z566",
        "Z602",
        "Z635",
        "Z634",
        "Z9151",
        "Z553",
        "Z5900",
        "Z730",
    )
    claim.diagnoses[:] = [{"rank": rank, "diagnosis_code": code} for rank, code in enumerate(codes, start=1)]


def _twelve(claim: OneClaim) -> None:
    _thirteen(claim)
    claim.diagnoses.pop()


def _repeat_diagnosis(claim: OneClaim) -> None:
    first = claim.diagnoses[0]["diagnosis_code"]
    claim.diagnoses.append({"rank": len(claim.diagnoses) + 1, "diagnosis_code": first})


def _one_diagnosis(claim: OneClaim) -> bool:
    return len(claim.diagnoses) == 1


_diagnosis = partial(Mutation, group="diagnoses", stage="rejected")
DIAGNOSES: Final = (
    _diagnosis("diagnosis_unknown", description="diagnosis code that does not exist", source=THERAPYNOTES,
               change=_first_diagnosis("F4199")),
    _diagnosis("diagnosis_not_specific", description="category of three characters that needs more", source=SESSIONS,
               change=_first_diagnosis("F33")),
    _diagnosis("diagnosis_not_specific_four", description="category of four characters that needs more",
               source=SESSIONS,
               change=_first_diagnosis("F431")),
    _diagnosis("diagnosis_ended", description="code that was divided years ago: F43.8", source=SESSIONS,
               change=_first_diagnosis("F438")),
    _diagnosis("diagnosis_divided_2024", description="code divided on 1 October 2024: F50.81",
               source="CDC/NCHS, ICD-10-CM FY2025 addenda", change=_first_diagnosis("F5081")),
    _diagnosis("diagnosis_icd_9", description="ICD-9 code", source=GENERAL, change=_first_diagnosis("29632")),
    _diagnosis("diagnosis_shape", description="letters and digits swapped: 4F11", source=GENERAL,
               change=_first_diagnosis("4F11")),
    _diagnosis("diagnosis_letter_o", description="letter O for the digit zero: F90.O", source=GENERAL,
               change=_first_diagnosis("F90O")),
    _diagnosis("diagnosis_with_dot", description="diagnosis code with its dot, which the file must not have",
               source=X12,
               change=_first_diagnosis("F41.1")),
    _diagnosis("diagnosis_second_unknown", description="second diagnosis does not exist", source=THERAPYNOTES,
               change=lambda claim: claim.diagnoses[1].update(diagnosis_code="Z999X"),
               needs=lambda claim: len(claim.diagnoses) > 1),
    _diagnosis("diagnosis_repeated", description="the same diagnosis twice",
               source=f"{STEDI}claim-edit-duplicate-diagnosis-codes", change=_repeat_diagnosis,
               needs=lambda claim: len(claim.diagnoses) < 12),
    _diagnosis("diagnoses_thirteen", description="thirteen diagnoses; a claim has twelve", source=X12, stage="syntax",
               change=_thirteen),
    _diagnosis("diagnosis_manifestation_first", stage="denied", source=f"{_GUIDELINES}, I.A.13",
               description="manifestation code (dementia in diseases classified elsewhere) as first diagnosis",
               change=_first_diagnosis("F0280")),
    _diagnosis("diagnosis_external_cause_first", stage="denied", source=f"{_GUIDELINES}, I.C.20.a.6",
               description="external cause code as first diagnosis", change=_first_diagnosis("V892XXA")),
    _diagnosis("pointer_beyond", description="pointer to a diagnosis the claim does not have", source=_POINTERS,
               change=put_line(diagnosis_pointers="1:2"), needs=_one_diagnosis),
    _diagnosis("pointer_zero", description="pointer 0", source=_POINTERS, change=put_line(diagnosis_pointers="0")),
    _diagnosis("pointer_letter", description="pointer A as on the paper form", source=_POINTERS,
               change=put_line(diagnosis_pointers="A")),
    _diagnosis("pointers_five", description="five pointers on a line; it has four", source=X12, stage="syntax",
               change=both(_twelve, put_line(diagnosis_pointers="1:2:3:4:5"))),
)  # fmt: skip


def _units(count: int, times: int = 1) -> Change:
    def change(claim: OneClaim) -> None:
        claim.lines[0]["unit_count"] = count
        claim.lines[0]["charge_cents"] *= times
        claim.total()

    return change


def _charge(cents: int) -> Change:
    def change(claim: OneClaim) -> None:
        for line in claim.lines:
            line["charge_cents"] = cents
        claim.total()

    return change


def _many_lines(claim: OneClaim) -> None:
    first = claim.lines[0]
    claim.lines[:] = [dict(first) for _ in range(51)]
    for number, line in enumerate(claim.lines):
        line["service_on"] = first["service_on"] - timedelta(days=number)
    claim.claim.update(policy_starts_on=None, authorization_starts_on=None, prior_evaluation_on=None)
    claim.total()


def _move(day: date) -> Change:
    return put_lines(service_on=day)


_plain = every(is_first, is_in_person)
_line = partial(Mutation, group="lines", stage="rejected", needs=is_first)
LINES: Final = (
    _line("service_tomorrow", description="service date after the night of the claim", source=GENERAL,
          change=both(_move(AS_OF + timedelta(days=1)), put(policy_ends_on=None, authorization_ends_on=None))),
    _line("service_next_year", description="service date typed with the next year", source=GENERAL,
          change=both(lambda claim: put_lines(service_on=claim.service_on + timedelta(days=365))(claim),
                      put(policy_ends_on=None, authorization_ends_on=None))),
    _line("procedure_unknown", source=f"{STEDI}claim-edit-cpt-code-outside-the-valid-range",
          description="procedure code that does not exist (reference table procedure_code)",
          change=put_line(procedure_code="90898")),
    _line("procedure_four_digits", description="procedure code of four digits", source=GENERAL,
          change=put_line(procedure_code="9083")),
    _line("procedure_letter_o", description="letter O in the procedure code", source=GENERAL,
          change=put_line(procedure_code="9O837")),
    _line("procedure_hcpcs_unknown", description="HCPCS code that does not exist (reference table procedure_code)",
          source=f"{STEDI}claim-edit-invalid-hcpcs-level-ii-code", change=put_line(procedure_code="H9999")),
    _line("procedure_ended", description="procedure code that ended in 2012 (reference table procedure_code)",
          source="AMA, CPT 2013 changes for psychiatry", change=put_line(procedure_code="90806"),
          needs=_first_bills("90834")),
    _line("office_visit_ended", description="99201, deleted with 2020 (reference table procedure_code)",
          source="AMA, CPT 2021 E/M changes", change=put_line(procedure_code="99201"), needs=_first_bills("99213")),
    _line("unlisted_without_description", description="unlisted procedure without saying what it was",
          source="005010X222A1, SV101-7", change=put_line(description=None), needs=every(is_first, bills("90899"))),
    _line("units_zero", description="no units", source=_UNITS, change=_units(0)),
    _line("units_negative", description="negative units", source=_UNITS, change=_units(-1)),
    _line("units_over_limit", stage="denied", source="CMS, Medically Unlikely Edits",
          description="two psychiatric evaluations in one day (reference table mue)", change=_units(2, 2),
          needs=_first_bills("90791")),
    _line("units_over_limit_group", stage="denied", source="CMS, Medically Unlikely Edits",
          description="four units of group therapy: minutes taken for units (reference table mue)",
          change=_units(4, 4), needs=_first_bills("90853")),
    _line("units_minutes", stage="denied", source="CMS, Medically Unlikely Edits",
          description="sixty units for a session of sixty minutes (reference table mue)", change=_units(60),
          needs=_first_bills("90837")),
    _line("charge_negative", description="negative charge on a line",
          source=f"{STEDI}claim-edit-negative-line-item-charge-amount", change=_charge(-5000)),
    _line("charge_zero", description="claim over zero dollars", source=f"{STEDI}new-claim-edit-zero-charge-claims",
          change=_charge(0)),
    _line("total_too_high", description="total charge above the sum of the lines",
          source=f"{STEDI}claim-edit-missing-total-claim-charge-amount",
          change=lambda claim: claim.claim.update(total_charge_cents=claim.claim["total_charge_cents"] + 1000)),
    _line("total_too_low", description="total charge one cent below the sum of the lines",
          source=f"{STEDI}claim-edit-missing-total-claim-charge-amount",
          change=lambda claim: claim.claim.update(total_charge_cents=claim.claim["total_charge_cents"] - 1)),
    _line("lines_fifty_one", description="fifty-one lines; a claim has fifty", source=X12, stage="syntax",
          change=_many_lines, needs=every(is_first, bills("90837"), where(payer_code="BWH02"))),
    _line("line_repeated", description="the same session twice on one claim", source=GENERAL + " (CARC 18)",
          stage="denied", change=lambda claim: add_line(claim.codes()[0], claim.lines[0]["charge_cents"])(claim),
          needs=_first_bills("90837")),
    _line("place_of_service_unknown", description="place of service 77, which is not assigned", source=GENERAL,
          change=both(put(place_of_service_code="77"), put_lines(place_of_service_code="77"))),
    _line("place_of_service_one_digit", description="place of service of one digit", source=GENERAL,
          change=both(put(place_of_service_code="1"), put_lines(place_of_service_code="1"))),
    _line("modifier_repeated", description="the same modifier twice on a line", source=GENERAL,
          change=lambda claim: claim.lines[0].update(modifier_2=claim.lines[0]["modifier_1"]),
          needs=every(is_first, lambda claim: claim.lines[0]["modifier_1"] and not claim.lines[0]["modifier_2"])),
    _line("modifier_with_sign", description="modifier with a character that no modifier has", source=GENERAL,
          change=put_line(modifier_1="9-"), needs=_plain),
)  # fmt: skip


def _is_video(claim: OneClaim) -> bool:
    return bool(claim.claim["telehealth"] == "video" and is_first(claim))


def _place(code: str) -> Change:
    return both(put(place_of_service_code=code), put_lines(place_of_service_code=code))


def _strip_modifier(claim: OneClaim) -> None:
    for line in claim.lines:
        line["modifier_1"], line["modifier_2"] = line["modifier_2"], None


_NOT_GT = every(_is_video, lambda claim: claim.claim["payer_code"] not in ("STM06",))
_by_distance = partial(Mutation, group="telehealth", stage="denied")
TELEHEALTH: Final = (
    _by_distance("telehealth_at_office", description="video session with modifier 95 and place of service office",
                 source=SESSIONS, change=_place("11"), needs=_NOT_GT, stage="rejected"),
    _by_distance("telehealth_without_modifier", source=SESSIONS,
                 description="video session without the insurer's modifier (reference table payer_telehealth)",
                 change=_strip_modifier, needs=_is_video),
    _by_distance("telehealth_wrong_modifier", source=SESSIONS,
                 description="modifier 95 where the insurer wants GT (reference table payer_telehealth)",
                 change=put_lines(modifier_1="95"), needs=every(_is_video, where(payer_code="STM06"))),
    _by_distance("audio_modifier_for_video", description="video session billed as audio only (modifier 93)",
                 source=GENERAL, change=put_lines(modifier_1="93"), needs=_NOT_GT),
    _by_distance("video_modifier_for_audio", description="telephone session billed as video (modifier 95)",
                 source=GENERAL, change=put_lines(modifier_1="95"),
                 needs=every(where(telehealth="audio"), lambda claim: claim.claim["payer_code"] != "STM06")),
    _by_distance("both_telehealth_modifiers",
                 description="modifiers 95 and 93 on one line: video and audio only at once",
                 source=GENERAL, change=put_lines(modifier_1="95", modifier_2="93"),
                 needs=every(_NOT_GT, lambda claim: claim.lines[0]["modifier_2"] is None)),
    _by_distance("office_session_as_telehealth", source=GENERAL,
                 description="session held in the office billed with place of service 10 and no modifier",
                 change=_place("10"), needs=every(_plain, where(place_of_service_code="11"))),
    _by_distance("office_session_with_modifier", description="session held in the office with modifier 95",
                 source=SESSIONS, change=put_lines(modifier_1="95"),
                 needs=every(_plain, where(place_of_service_code="11"),
                             lambda claim: claim.claim["payer_code"] != "LAC10")),
)  # fmt: skip


def _minutes(count: int) -> Change:
    return put(session_minutes=count)


def _recode(*codes: str) -> Change:
    """The lines take these procedure codes; there are as many."""

    def change(claim: OneClaim) -> None:
        for line, code in zip(claim.lines, codes, strict=True):
            line["procedure_code"] = code

    return change


def _pair(first: str, second: str, minutes: int | None = None) -> Change:
    def change(claim: OneClaim) -> None:
        claim.lines[0]["procedure_code"] = first
        add_line(second)(claim)
        if minutes:
            claim.claim["session_minutes"] = minutes

    return change


def _is_therapist(claim: OneClaim) -> bool:
    license_type = claim.claim["rendering_license_type"]
    return license_type in ("LCSW", "LPC", "LMFT") and license_type == claim.claim["treating_license_type"]


_rule = partial(Mutation, group="psychotherapy", stage="denied", source=OPENPAYER)
PSYCHOTHERAPY: Final = (
    _rule("complexity_alone", description="interactive complexity (90785) without a primary service",
          change=_recode("90785"), needs=_first_bills("90834")),
    _rule("complexity_with_crisis", description="interactive complexity with crisis psychotherapy",
          change=add_line("90785", 1850), needs=_first_bills("90839")),
    _rule("complexity_with_family", description="interactive complexity with family psychotherapy",
          change=add_line("90785", 1850), needs=_first_bills("90847")),
    _rule("crisis_add_on_alone", description="90840 without 90839", change=_recode("90840"),
          needs=_first_bills("90839")),
    _rule("crisis_add_on_with_individual", description="90840 added to individual psychotherapy",
          change=_pair("90837", "90840", 90), needs=_first_bills("90837")),
    _rule("therapy_add_on_alone", description="90833 without an evaluation and management service",
          change=_recode("90833"), needs=_first_bills("90832")),
    _rule("therapy_add_on_with_evaluation", description="90836 with a psychiatric evaluation instead of an E/M service",
          change=_recode("90792", "90836"), needs=_first_bills("99214", "90836")),
    _rule("individual_with_medication_visit", description="90834 instead of the add-on 90836 beside an E/M service",
          change=_recode("99214", "90834"), source="CPT: psychotherapy beside an E/M service is 90833, 90836 or 90838",
          needs=_first_bills("99214", "90836")),
    _rule("two_individual_sessions", description="90834 and 90837 for one session", change=_pair("90837", "90834"),
          needs=_first_bills("90837")),
    _rule("evaluation_with_therapy", description="evaluation and psychotherapy by one clinician on one day",
          change=_pair("90791", "90834"), needs=_first_bills("90791")),
    _rule("two_evaluations", description="90791 and 90792 on one claim", change=_pair("90792", "90791"),
          needs=_first_bills("90792")),
    _rule("crisis_with_individual", description="crisis and individual psychotherapy on one claim",
          change=_pair("90839", "90832"), needs=_first_bills("90839")),
    _rule("crisis_with_evaluation", description="crisis psychotherapy and evaluation on one claim",
          change=_pair("90839", "90791"), needs=_first_bills("90839")),
    _rule("crisis_twice", description="90839 twice on one day", change=_units(2, 2), needs=_first_bills("90839")),
    _rule("therapy_and_add_on", description="90837 and 90838 beside an E/M service",
          change=add_line("90837", 16000), needs=_first_bills("99214", "90838")),
    _rule("sixty_with_forty_minutes", description="90837 for a session of 40 minutes; it needs 53", source=APA,
          change=_minutes(40), needs=_first_bills("90837")),
    _rule("sixty_with_fifty_two_minutes", description="90837 for a session of 52 minutes; it needs 53", source=APA,
          change=_minutes(52), needs=_first_bills("90837")),
    _rule("forty_five_with_thirty_minutes", description="90834 for a session of 30 minutes; it needs 38", source=APA,
          change=_minutes(30), needs=_first_bills("90834")),
    _rule("thirty_with_fifteen_minutes", description="90832 for a session of 15 minutes; it needs 16", source=APA,
          change=_minutes(15), needs=_first_bills("90832")),
    _rule("family_with_twenty_minutes", description="90847 for a session of 20 minutes; it needs 26", source=APA,
          change=_minutes(20), needs=_first_bills("90847")),
    _rule("crisis_with_twenty_minutes", description="90839 for a session of 20 minutes; it needs 30",
          change=_minutes(20),
          needs=_first_bills("90839")),
    _rule("crisis_add_on_with_sixty_minutes", description="90840 for a session of 60 minutes; it begins at 75",
          change=_minutes(60), needs=_first_bills("90839", "90840")),
    _rule("add_on_with_ten_minutes", description="90833 where the whole visit took 10 minutes; it needs 16", source=APA,
          change=_minutes(10), needs=_first_bills("99213", "90833")),
    _rule("testing_add_on_alone", description="96131 (each further hour) without 96130 (first hour)",
          source="CPT: list 96131 separately in addition to 96130", change=_recode("96131"),
          needs=every(_first_bills("90834"), where(rendering_license_type="PSYCHOLOGIST"))),
    _rule("scoring_add_on_alone", description="96137 (each further half hour) without 96136",
          source="CPT: list 96137 separately in addition to 96136", change=_recode("96137"),
          needs=every(_first_bills("90834"), where(rendering_license_type="PSYCHOLOGIST"))),
    _rule("medical_evaluation_by_therapist",
          description="90792 (with medical services) by a clinician who cannot prescribe",
          source=ENSORA + "; CPT 90792 includes medical services", change=_recode("90792"),
          needs=every(_first_bills("90791"), _is_therapist)),
    _rule("medication_visit_by_therapist", description="office visit (99213) by a clinician who cannot prescribe",
          source=ENSORA + "; CPT evaluation and management", change=both(_recode("99213"), _minutes(25)),
          needs=every(_first_bills("90834"), _is_therapist)),
)  # fmt: skip

_bundle = partial(Mutation, group="bundling", stage="denied",
                  source="https://aapc.com/codes/coding-newsletters/my-psychiatry-coding-alert/reader-question-get-clarified-"
                  "on-reporting-individual-family-psychotherapy-codes-144244-article")  # fmt: skip


def _drop_59(claim: OneClaim) -> None:
    for line in claim.lines:
        for column in ("modifier_1", "modifier_2"):
            if line[column] == "59":
                line[column] = None


def _same_day(code: str, units: int = 1) -> Change:
    other = {"other_claim_number": "K9876543211", "procedure_code": code, "unit_count": units}
    return lambda claim: claim.same_day_lines.append(dict(other))


BUNDLING: Final = (
    _bundle("family_and_individual_unmarked", change=_drop_59, needs=_first_bills("90847", "90834"),
            description="individual beside family psychotherapy without modifier 59 (reference table ncci_pair)"),
    _bundle("evaluation_and_crisis_marked", source=OPENPAYER,
            description="90839 with 90834-59: a pair no modifier opens (reference table ncci_pair)",
            change=add_line("90834", 13000, modifier_1="59", modifier_2=None),
            needs=every(_first_bills("90839"), is_in_person)),
    _bundle("evaluation_on_other_claim", source=OPENPAYER, change=_same_day("90791"), needs=_first_bills("90834"),
            description="another claim of the day has an evaluation by the clinician (reference table ncci_pair)"),
    _bundle("family_on_other_claim", change=_same_day("90847"), needs=_first_bills("90834"),
            description="another claim of the day has family psychotherapy, no modifier (reference table ncci_pair)"),
    _bundle("evaluation_twice_a_day", source="CMS, Medically Unlikely Edits", change=_same_day("90791"),
            needs=_first_bills("90791"),
            description="another claim of the day has a second 90791 (reference table mue, per day)"),
)  # fmt: skip

CODING: Final = (*DIAGNOSES, *LINES, *TELEHEALTH, *PSYCHOTHERAPY, *BUNDLING)
