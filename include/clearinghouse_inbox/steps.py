"""Clearinghouse inbox, step by step: collect answers, apply them, settle files of unknown outcome, return what was put
right, and say what a person has to look at."""

from __future__ import annotations

from typing import Any

import psycopg

from include.clearinghouse_inbox.acknowledgments import apply_acknowledgments
from include.clearinghouse_inbox.clock import read_simulated_now
from include.clearinghouse_inbox.collection import collect_files, list_receivers
from include.clearinghouse_inbox.corrections import return_corrected_claims
from include.clearinghouse_inbox.troubles import (
    Trouble,
    describe_lock,
    list_overdue,
    list_quarantined,
    list_rejected,
    list_uncertain,
)
from include.outbox import settlement
from include.outbox.delivery import OpenDropBox

__all__ = [
    "Trouble",
    "apply_acknowledgments",
    "collect_files",
    "describe_lock",
    "list_overdue",
    "list_quarantined",
    "list_receivers",
    "list_rejected",
    "list_uncertain",
    "return_corrected_claims",
    "settle_files",
]


def settle_files(connection: psycopg.Connection[Any], open_drop_box: OpenDropBox) -> int:
    """Find out about, and deliver, the files that earlier attempts left behind; return how many are still not with
    their receiver. After `apply_acknowledgments`: an answer settles a file more surely than a look into a folder."""
    return settlement.settle_files(connection, open_drop_box, read_simulated_now(connection))
