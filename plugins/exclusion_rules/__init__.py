"""Exclusion rules: which items an automation leaves where they are, and by which rule.

Everything is automated unless a rule excludes it. The package knows rules and DataFrames; it knows neither Airflow nor
a database, so the nightly run, the preview and the settings page share the same semantics.
"""

from exclusion_rules.evaluation import first_matching_rule
from exclusion_rules.fields import AUTOMATIONS, FIELDS, Field, Kind, offered_field, offered_fields
from exclusion_rules.rules import CompiledRules, compile_rules, validate_condition, validate_rule

__all__ = [
    "AUTOMATIONS",
    "FIELDS",
    "CompiledRules",
    "Field",
    "Kind",
    "compile_rules",
    "first_matching_rule",
    "offered_field",
    "offered_fields",
    "validate_condition",
    "validate_rule",
]
