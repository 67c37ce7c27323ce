"""How many lines did which rule drop? What the registry keeps of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

DROPPED_TABLE = """
CREATE TABLE dropped (
  source TEXT NOT NULL, rule TEXT NOT NULL, lines INTEGER NOT NULL, PRIMARY KEY (source, rule)
) WITHOUT ROWID
"""


def count_dropped(database: sqlite3.Connection, source: str, dropped: Mapping[str, int]) -> None:
    """Adds lines that rules have dropped to what is known of a source; part of a transaction.

    Args:
        source: Id of the source.
        dropped: Lines by the name of the rule.
    """
    database.executemany(
        "INSERT INTO dropped VALUES (?,?,?) ON CONFLICT DO UPDATE SET lines=lines+excluded.lines",
        [(source, rule, lines) for rule, lines in dropped.items()],
    )


def read_dropped(database: sqlite3.Connection) -> dict[str, dict[str, int]]:
    """Source → rule → the lines that it has dropped."""
    found: dict[str, dict[str, int]] = {}
    for source, rule, lines in database.execute("SELECT source, rule, lines FROM dropped"):
        found.setdefault(source, {})[rule] = lines
    return found
