"""The SQL files of this folder."""

from __future__ import annotations

from pathlib import Path

from include.database import sql


def statement(name: str) -> bytes:
    """The text of `name`.sql in this folder, without its header."""
    return sql(str(Path(__file__).parent.resolve() / f"{name}.sql")).encode()
