"""Answers are applied: each file in a transaction of its own, all of it or nothing.

The reader streams a file's answers into a work table; from there on statements over the whole file match them to what
we sent and change files, transaction sets and claims. An answer counts for the receiver whose ids stand in it, wherever
it was collected; one to or from somebody else, or about nothing that we sent, is kept as unknown.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields
from itertools import groupby
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier

from include.clearinghouse.answer_codes import ANSWER_CODES, place_to_fix
from include.clearinghouse.answers import Answer, UnreadableAnswer, read_answers, read_contents
from include.clearinghouse_inbox.clock import read_simulated_now, writing_inbox
from include.clearinghouse_inbox.filed_claims import FiledSet, read_set
from include.database import execute

log = logging.getLogger(__name__)

Connection = psycopg.Connection[Any]

#: What `read_answers` reads; remittances wait for ERA processing.
ACKNOWLEDGMENTS: Final = frozenset({"TA1", "999", "277CA"})
REMITTANCE: Final = "835"

#: Classes of SQLSTATE that say nothing about the file: connection, conflict, resources, shutdown. It is tried again.
_PASSING: Final = ("08", "40", "53", "55", "57", "58")


@dataclass(frozen=True)
class _Problem:
    """Why a file goes into quarantine."""

    code: str
    segment_number: int | None = None


def apply_acknowledgments(connection: Connection) -> dict[str, int]:
    """Apply every file received and not decided on, oldest first; return how many came to which state.

    A file that cannot be read, or whose answers cannot be written, goes into quarantine as a whole and does not stop
    the next. Again finds nothing to do. Errors of the database that have nothing to do with the file are raised.
    """
    simulated_now = read_simulated_now(connection)
    with writing_inbox(connection, simulated_now):
        _publish_codes(connection)
        received = execute(connection, "clearinghouse_inbox/read_received.sql", {}).fetchall()
    states: Counter[str] = Counter()
    for (inbox_file_id,) in received:
        state = _apply_file(connection, inbox_file_id, simulated_now)
        if state is not None:
            states[state] += 1
    log.info("%s files of answers: %s", states.total(), ", ".join(f"{n} {s}" for s, n in sorted(states.items())) or "-")
    return dict(states)


def _apply_file(connection: Connection, inbox_file_id: int, simulated_now: str | None) -> str | None:
    """Apply one file and return its state; None when another worker was faster."""
    try:
        with writing_inbox(connection, simulated_now):
            return _read_and_apply(connection, inbox_file_id)
    except psycopg.Error as error:
        if error.sqlstate is None or error.sqlstate[:2] in _PASSING:
            raise
        problem = _Problem(f"SQLSTATE {error.sqlstate}")
    except UnreadableAnswer as error:
        problem = _Problem(error.code, error.segment_number)
    except Exception as error:  # a mistake of ours in reading this file must not keep the others waiting
        problem = _Problem(type(error).__name__)
    with writing_inbox(connection, simulated_now):
        return _quarantine(connection, inbox_file_id, problem)


def _read_and_apply(connection: Connection, inbox_file_id: int) -> str | None:
    parameters: dict[str, Any] = {"inbox_file_id": inbox_file_id}
    file = execute(connection, "clearinghouse_inbox/lock_file.sql", parameters).fetchone()
    if file is None:
        return None
    body = bytes(file[0])
    contents = read_contents(body)
    if not contents & (ACKNOWLEDGMENTS | {REMITTANCE}):
        return _quarantine(connection, inbox_file_id, _Problem("other_contents" if contents else "not_x12"), contents)
    if contents & ACKNOWLEDGMENTS:
        _apply_answers(connection, parameters, read_answers(body))
    state = "waiting" if REMITTANCE in contents else "applied"
    _decide(connection, inbox_file_id, state, contents)
    return state


def _apply_answers(connection: Connection, parameters: dict[str, Any], answers: Iterator[Answer]) -> None:
    inbox_file_id = parameters["inbox_file_id"]
    _stage(connection, inbox_file_id, answers)
    connection.execute("SELECT billing.analyze_incoming()")
    execute(connection, "clearinghouse_inbox/match_answers.sql", parameters)
    _place_answers(connection, parameters)
    _publish_places(connection, parameters)
    unsent = execute(connection, "clearinghouse_inbox/lock_answered_files.sql", parameters).fetchall()
    execute(connection, "clearinghouse_inbox/mark_copies.sql", parameters)
    for (interchange_id,) in unsent:
        # Whatever its delivery saw: who answers has it.
        connection.execute("SELECT billing.record_file_sent(%s)", (interchange_id,))
        execute(connection, "clearinghouse_inbox/note_receipt.sql", parameters | {"interchange_id": interchange_id})
    rejected = execute(connection, "clearinghouse_inbox/reject_files.sql", parameters).fetchall()
    execute(connection, "clearinghouse_inbox/acknowledge_files.sql", parameters)
    execute(connection, "clearinghouse_inbox/decide_sets.sql", parameters)
    execute(connection, "clearinghouse_inbox/name_claims.sql", parameters)
    execute(connection, "clearinghouse_inbox/decide_claims.sql", parameters)
    execute(connection, "clearinghouse_inbox/record_payer_numbers.sql", parameters)
    execute(connection, "clearinghouse_inbox/record_rejections.sql", parameters)
    effects = dict(execute(connection, "clearinghouse_inbox/record_answers.sql", parameters).fetchall())
    _lock_sending(connection, parameters, is_reused=any(is_reused for _, is_reused in rejected))
    for table in ("incoming_answer", "incoming_claim"):
        connection.execute(
            SQL("DELETE FROM {} WHERE inbox_file_id = %s").format(Identifier("billing", table)), (inbox_file_id,)
        )
    told = ", ".join(f"{count} {effect}" for effect, count in sorted(effects.items())) or "none"
    log.info("answer file %s: answers: %s", inbox_file_id, told)


def _stage(connection: Connection, inbox_file_id: int, answers: Iterator[Answer]) -> None:
    names = ["inbox_file_id", *(field.name for field in fields(Answer))]
    statement = SQL("COPY billing.incoming_answer ({}) FROM STDIN").format(SQL(", ").join(map(Identifier, names)))
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for answer in answers:
            copy.write_row((inbox_file_id, *astuple(answer)))


def _place_answers(connection: Connection, parameters: dict[str, Any]) -> None:
    """Find the claims of answers that name a segment of ours, or a provider as a whole, in the bytes we sent."""
    rows = execute(connection, "clearinghouse_inbox/read_unplaced.sql", parameters).fetchall()
    positions: list[int] = []
    numbers: list[str] = []
    for interchange_id, of_file in groupby(rows, key=lambda row: row[0]):
        row = connection.execute(
            "SELECT body FROM billing.interchange WHERE interchange_id = %s", (interchange_id,)
        ).fetchone()
        assert row is not None
        body = bytes(row[0])
        for transaction_number, of_set in groupby(of_file, key=lambda row: row[1]):
            filed = read_set(body, transaction_number)
            for _, _, position, segment_position, provider_npi in of_set:
                found = _claims_of(filed, segment_position, provider_npi)
                positions += [position] * len(found)
                numbers += found
    if positions:
        execute(
            connection,
            "clearinghouse_inbox/place_answers.sql",
            parameters | {"positions": positions, "claim_numbers": numbers},
        )


def _claims_of(filed: FiledSet, segment_position: int | None, provider_npi: str | None) -> list[str]:
    if provider_npi is not None:
        return filed.claims_of_provider(provider_npi)
    found = filed.claim_at(segment_position) if segment_position is not None else None
    return [] if found is None else [found]


def _lock_sending(connection: Connection, parameters: dict[str, Any], *, is_reused: bool) -> None:
    """Stop all sending when a receiver knows of numbers that this database should know better."""
    row = execute(connection, "clearinghouse_inbox/find_lock.sql", parameters).fetchone()
    because = "number_reused" if is_reused else row[0] if row is not None else None
    if because is not None:
        log.warning("answer file %s: sending is locked: %s", parameters["inbox_file_id"], because)
        connection.execute("SELECT billing.lock_sending(%s)", (because,))


def _quarantine(
    connection: Connection, inbox_file_id: int, problem: _Problem, contents: frozenset[str] = frozenset()
) -> str | None:
    if not _decide(connection, inbox_file_id, "quarantined", contents, problem):
        return None
    log.warning("answer file %s: quarantined: %s", inbox_file_id, problem.code)
    return "quarantined"


def _decide(
    connection: Connection,
    inbox_file_id: int,
    state: str,
    contents: frozenset[str],
    problem: _Problem | None = None,
) -> bool:
    return (
        execute(
            connection,
            "clearinghouse_inbox/decide_file.sql",
            {
                "inbox_file_id": inbox_file_id,
                "state": state,
                "contents": sorted(contents),
                "reason_code": problem.code if problem else None,
                "segment_number": problem.segment_number if problem else None,
            },
        ).fetchone()
        is not None
    )


def _publish_codes(connection: Connection) -> None:
    execute(
        connection,
        "clearinghouse_inbox/publish_codes.sql",
        {
            "sources": [one.source for one in ANSWER_CODES],
            "kinds": [one.kind for one in ANSWER_CODES],
            "codes": [one.code for one in ANSWER_CODES],
            "words": [one.words for one in ANSWER_CODES],
            "fix_locations": [one.fix_location for one in ANSWER_CODES],
        },
    )


def _publish_places(connection: Connection, parameters: dict[str, Any]) -> None:
    """Where to correct what the file finds wrong: a place for each combination of its codes."""
    faults = execute(connection, "clearinghouse_inbox/read_faults.sql", parameters).fetchall()
    execute(
        connection,
        "clearinghouse_inbox/publish_places.sql",
        {
            "sources": [source for source, _, _, _ in faults],
            "categories": [category for _, category, _, _ in faults],
            "statuses": [status for _, _, status, _ in faults],
            "entities": [entity for _, _, _, entity in faults],
            "fix_locations": [place_to_fix(*fault) for fault in faults],
        },
    )
