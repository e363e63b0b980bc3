"""Which automation offers which field: the table of the reference product, pinned pair by pair."""

import pytest

from exclusion_rules import AUTOMATIONS, FIELDS, offered_field, offered_fields

# Copied by hand from the reference product's table, not derived from the code. 26 pairs.
DOCUMENTED_PAIRS = {
    ("invoice_creation", "primary_insurer", "Primary Insurer"),
    ("invoice_creation", "client_pays_by", "Client pays by"),
    ("invoice_creation", "appointment_staff", "Appointment Staff"),
    ("invoice_creation", "service_type", "Service Type"),
    ("invoice_creation", "appointment_date", "Appointment date"),
    ("invoice_creation", "appointment_date_range", "Appointment date range"),
    ("invoice_creation", "progress_note_signed", "Progress Note signed by provider"),
    ("invoice_processing", "primary_insurer", "Primary Insurer"),
    ("invoice_processing", "claim_level", "Claim Level"),
    ("invoice_processing", "client_pays_by", "Client pays by"),
    ("invoice_processing", "rendering_provider", "Rendering Provider"),
    ("invoice_processing", "service_type", "Service Type"),
    ("invoice_processing", "invoice_date", "Invoice Date"),
    ("invoice_processing", "invoice_date_range", "Invoice Date range"),
    ("invoice_processing", "progress_note_signed", "Progress Note signed by provider"),
    ("claims_submission", "primary_insurer", "Primary Insurer"),
    ("claims_submission", "secondary_insurer", "Secondary Insurer"),
    ("claims_submission", "claim_level", "Claim Level"),
    ("claims_submission", "rendering_provider", "Rendering Provider"),
    ("claims_submission", "billing_provider", "Billing Provider"),
    ("claims_submission", "service_type", "Service Type"),
    ("claims_submission", "place_of_service", "Place of Service"),
    ("claims_submission", "modifier", "Modifier"),
    ("claims_submission", "service_date", "Service Date"),
    ("claims_submission", "service_date_range", "Service Date range"),
    ("claims_submission", "progress_note_signed", "Progress Note signed by provider"),
}


def test_the_documented_pairs_of_automation_and_field_are_exactly_the_26_of_the_reference_product():
    offered = {
        (automation, field.code, field.label)
        for automation in AUTOMATIONS
        for field in offered_fields(automation)
        if not field.is_extra
    }
    assert len(DOCUMENTED_PAIRS) == 26
    assert offered == DOCUMENTED_PAIRS


def test_every_automation_offers_location_client_and_weekday_after_the_documented_fields():
    assert len(AUTOMATIONS) == 3
    for automation in AUTOMATIONS:
        fields = offered_fields(automation)
        assert [field.code for field in fields[-3:]] == ["location", "client", "weekday"]
        assert [field.is_extra for field in fields] == [False] * (len(fields) - 3) + [True] * 3


def test_a_date_and_its_range_read_the_same_fact():
    for fact in ("appointment_date", "invoice_date", "service_date"):
        assert FIELDS[fact].fact == FIELDS[f"{fact}_range"].fact == fact
        assert FIELDS[fact].is_many == FIELDS[f"{fact}_range"].is_many


def test_fields_of_one_fact_agree_on_how_its_values_are_compared():
    kinds: dict[str, set[str]] = {}
    for field in FIELDS.values():
        kinds.setdefault(field.fact, set()).add(field.kind.value.removesuffix("_range"))
    assert kinds
    assert {fact for fact, of_fact in kinds.items() if len(of_fact) > 1} == set()


def test_self_pay_and_the_other_choices_have_the_label_a_person_sees():
    assert FIELDS["client_pays_by"].choices == {"insurance": "Insurance", "self_pay": "Self-pay"}
    assert list(FIELDS["claim_level"].choices) == ["primary", "secondary", "tertiary"]
    assert FIELDS["weekday"].choices["1"] == "Monday"
    assert FIELDS["weekday"].choices["7"] == "Sunday"
    assert len(FIELDS["weekday"].choices) == 7


def test_many_valued_fields_are_service_type_modifier_service_dates_and_weekday():
    assert {code for code, field in FIELDS.items() if field.is_many} == {
        "service_type",
        "modifier",
        "service_date",
        "service_date_range",
        "weekday",
    }


def test_era_processing_has_posting_rules_and_no_exclusion_fields():
    with pytest.raises(ValueError, match="era_processing"):
        offered_fields("era_processing")


def test_a_field_is_offered_only_where_its_automation_has_it():
    assert offered_field("claims_submission", "modifier") is FIELDS["modifier"]
    assert offered_field("invoice_creation", "modifier") is None
    assert offered_field("invoice_creation", "shoe_size") is None
