"""Faults of the text itself: what an X12 file cannot carry, and values of the wrong length."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from benchmarks.scrubber.mutation import (
    TOO_LONG,
    X12,
    Change,
    Mutation,
    Need,
    any_claim,
    edit,
    has,
    has_other_site,
    is_dependent,
    put,
    put_line,
    put_patient,
)
from benchmarks.scrubber.one_claim import OneClaim

_character = partial(Mutation, group="characters", stage="syntax", source=X12)

CHARACTERS: Final = (
    _character("terminator_in_patient_name",
               description="segment terminator in the patient's name would open a segment",
               change=put_patient(last_name="Vale~CLM*X1*1")),
    _character("separator_in_patient_name", description="element separator in the patient's first name",
               change=put_patient(first_name="Ann*Marie")),
    _character("component_separator_in_address", description="component separator in the patient's street",
               change=put_patient(address_1="12 Elm St: rear")),
    _character("repetition_in_payer_name", description="repetition separator in the insurer's name",
               change=put(payer_name="Quill^feather")),
    _character("terminator_in_billing_name", description="segment terminator in the billing provider's name",
               change=put(billing_name="Fernhollow Group~")),
    _character("separator_in_member_id", description="element separator typed into the member id",
               change=edit("member_id", lambda value: f"{value[:4]}*{value[4:]}")),
    _character("terminator_in_authorization", description="segment terminator in the authorization number",
               change=put(authorization_number="A12~34"), needs=has("authorization_number")),
    _character("separator_in_control_number", description="element separator in the insurer's claim number",
               change=put(payer_claim_control_number="2026*00017"), needs=has("payer_claim_control_number")),
    _character("newline_in_address", description="line break pasted into the patient's street",
               change=put_patient(address_1="12 Elm St\nrear")),
    _character("tab_in_city", description="tab pasted into the patient's city", change=put_patient(city="Elm\tPark")),
    _character("unit_separator_in_member_id", description="control character (hex 1F) in the member id",
               change=edit("member_id", lambda value: f"{value}\x1f")),
    _character("null_in_subscriber_name", description="NUL character in the subscriber's name",
               change=put(subscriber_last_name="Hazel\x00mere"), needs=is_dependent),
    _character("zero_width_space_in_name", description="invisible character pasted into the patient's name",
               change=put_patient(last_name="Moss\u200bgate")),
    _character("cyrillic_first_name", description="name in Cyrillic letters, which the basic character set has not",
               change=put_patient(first_name="Наталья")),
    _character("look_alike_letter_in_name", description="a Cyrillic letter that looks Latin in the patient's name",
               change=put_patient(last_name="F\u0435rnhollow")),
    _character("emoji_in_claim_note", description="emoji in the claim note",
               change=put(claim_note="Paid in part \U0001f642")),
    _character("separator_in_claim_note", description="element separator in the claim note",
               change=put(claim_note="See note * attached")),
    _character("full_width_digits_in_zip", description="full-width digits in the patient's ZIP code",
               change=put_patient(postal_code="\uff11\uff12\uff13\uff14\uff15")),
    _character("delimiter_in_procedure_code", description="modifier typed into the procedure code with a colon",
               change=lambda claim: claim.lines[0].update(procedure_code=f"{claim.codes()[0]}:XE")),
    _character("separator_in_diagnosis", description="two diagnoses typed into one field with an asterisk",
               change=lambda claim: claim.diagnoses[0].update(diagnosis_code="F411*F321")),
)  # fmt: skip


def _long(name: str, column: str, length: int, segment: str, needs: Need = any_claim) -> Mutation:
    description = f"{column} has more than the {length} characters of {segment}"
    return Mutation(name, "length", "syntax", description, TOO_LONG, _repeat(column, length + 1), needs)


def _repeat(column: str, length: int) -> Change:
    def change(claim: OneClaim) -> None:
        word = "LONGWORD "
        text = (word * (length // len(word) + 1))[: length - 1] + "X"
        person, _, rest = column.partition("_")
        change: Any = put_patient(**{rest: text}) if person == "patient" else put(**{column: text})
        change(claim)

    return change


def _digits(column: str, length: int) -> Change:
    return put(**{column: "7" * (length + 1)})


_length = partial(Mutation, group="length", stage="syntax")
LENGTHS: Final = (
    _long("patient_last_name_too_long", "patient_last_name", 60, "NM103"),
    _long("patient_first_name_too_long", "patient_first_name", 35, "NM104"),
    _long("patient_middle_name_too_long", "patient_middle_name", 25, "NM105"),
    _long("patient_address_too_long", "patient_address_1", 55, "N301"),
    _long("patient_second_address_line_too_long", "patient_address_2", 55, "N302"),
    _long("patient_city_too_long", "patient_city", 30, "N401"),
    _long("billing_name_too_long", "billing_name", 60, "NM103"),
    _long("billing_address_too_long", "billing_address_1", 55, "N301"),
    _long("payer_name_too_long", "payer_name", 60, "NM103"),
    _long("facility_name_too_long", "facility_name", 60, "NM103", has_other_site),
    _long("claim_note_too_long", "claim_note", 80, "NTE02"),
    _length("member_id_too_long", description="member id has more than the 80 characters of NM109", source=TOO_LONG,
            change=_digits("member_id", 80)),
    _length("group_number_too_long", description="group number has more than the 50 characters of SBR03",
            source=TOO_LONG,
            change=_digits("group_number", 50), needs=has("group_number")),
    _length("authorization_number_too_long",
            description="authorization number has more than the 50 characters of REF02",
            source=TOO_LONG, change=_digits("authorization_number", 50), needs=has("authorization_number")),
    _length("payer_claim_number_too_long",
            description="insurer's claim number has more than the 50 characters of REF02",
            source=TOO_LONG, change=_digits("payer_claim_control_number", 50), needs=has("payer_claim_control_number")),
    _length("description_too_long", description="description of an unlisted service has more than 80 characters",
            source=TOO_LONG, change=put_line(description="REINTEGRATION " * 6 + "X"),
            needs=lambda claim: claim.codes() == ["90899"]),
    _length("patient_city_one_letter", description="city of one letter; N401 has at least two", source=X12,
            change=put_patient(city="X")),
    _length("payer_code_one_character", description="payer id of one character; NM109 has at least two", source=X12,
            change=put(payer_code="7")),
    _length("member_id_one_character", description="member id of one character; NM109 has at least two", source=X12,
            change=put(member_id="1")),
    _length("state_of_three_letters", description="state written with three letters; N402 has two", source=X12,
            change=put_patient(state_code="COL")),
    _length("modifier_one_character", description="modifier of one character; it has two", source=X12,
            change=put_line(modifier_1="9"), needs=lambda claim: claim.lines[0]["modifier_1"] is not None),
    _length("modifier_three_characters", description="modifier of three characters; it has two", source=X12,
            change=put_line(modifier_1="095"), needs=lambda claim: claim.lines[0]["modifier_1"] is not None),
    _length("claim_number_too_long",
            description="claim number of 39 characters; CLM01 has 38 and the 835 gives 20 back",
            source=TOO_LONG, change=put(claim_number="K" + "1" * 38)),
)  # fmt: skip

TEXTS: Final = (*CHARACTERS, *LENGTHS)
