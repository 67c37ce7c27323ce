"""What is in a file of dead letters? Its tables, and the rows that are read and written at once."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping, Sequence

from logboom.dead.letter import Letter, LetterHead
from logboom.status import DeadStatus

_SCHEMAS = (
    """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE letters (
  number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL, part TEXT NOT NULL,
  reason TEXT NOT NULL, run TEXT NOT NULL, source TEXT NOT NULL, path TEXT NOT NULL,
  start INTEGER NOT NULL, end INTEGER NOT NULL, lines INTEGER NOT NULL, day TEXT NOT NULL,
  at_ns INTEGER NOT NULL, size INTEGER NOT NULL, value BLOB NOT NULL, replay INTEGER
);
CREATE UNIQUE INDEX waiting ON letters (event, part) WHERE replay IS NULL;
CREATE INDEX by_run ON letters (part, run, start);
CREATE TABLE replayed (
  source TEXT NOT NULL, run TEXT NOT NULL, day TEXT NOT NULL, events INTEGER NOT NULL,
  lines INTEGER NOT NULL, PRIMARY KEY (source, run, day)
) WITHOUT ROWID;
""",
    """
CREATE TABLE discarded (
  part TEXT NOT NULL, source TEXT NOT NULL, run TEXT NOT NULL, day TEXT NOT NULL,
  events INTEGER NOT NULL, lines INTEGER NOT NULL, PRIMARY KEY (part, source, run, day)
) WITHOUT ROWID;
""",
)
"""What each version adds to the one before."""

HEAD = "event, part, reason, run, source, path, start, end, lines, day, at_ns, size, replay"
_MOST_RUNS = 10_000
_LONGEST_REASON = 1_000


def make_tables(database: sqlite3.Connection) -> None:
    """Makes what a file of an older version, or a new one, lacks."""
    made = version_of(database)
    for schema in _SCHEMAS[made:]:
        for statement in filter(str.strip, schema.split(";")):
            database.execute(statement)
    if not made:
        database.execute(
            "INSERT INTO meta VALUES ('id', ?), ('sequence', '0'), ('bytes', '0')",
            (uuid.uuid4().hex,),
        )
    database.execute(f"PRAGMA user_version={max(made, len(_SCHEMAS))}")


def version_of(database: sqlite3.Connection) -> int:
    """How many of the schemas it has; 0 of a new file."""
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def insert(database: sqlite3.Connection, letter: Letter) -> None:
    """Adds a letter; its bytes are to be counted by `change_bytes`."""
    head = letter.head
    database.execute(
        f"INSERT INTO letters ({HEAD}, value) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,NULL,?)",  # noqa: S608 - a constant
        (
            head.event, head.part, head.reason, head.run, head.source, head.path, head.start,
            head.end, head.lines, head.day, head.at_ns, head.size, letter.value,
        ),
    )  # fmt: skip


def forget(database: sqlite3.Connection, which: str, values: Sequence[object]) -> None:
    """Takes letters out: those that a condition of SQL with its values means."""
    row = database.execute(
        f"SELECT coalesce(sum(size), 0) FROM letters WHERE {which}",  # noqa: S608 - constants
        values,
    ).fetchone()
    database.execute(f"DELETE FROM letters WHERE {which}", values)  # noqa: S608 - constants
    change_bytes(database, -row[0])


def change_bytes(database: sqlite3.Connection, more: int) -> int:
    """Counts bytes of letters that came or went; gives how many there are now."""
    total = int(meta_of(database, "bytes")) + more
    set_meta(database, "bytes", str(total))
    return total


def meta_of(database: sqlite3.Connection, key: str) -> str:
    """One of `id`, `sequence` and `bytes`."""
    return str(database.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()[0])


def set_meta(database: sqlite3.Connection, key: str, value: str) -> None:
    """Sets it."""
    database.execute("UPDATE meta SET value=? WHERE key=?", (value, key))


def waiting_in(database: sqlite3.Connection, events: Sequence[str] | None, most: int) -> list[int]:
    """Numbers of letters that wait, of some events or of all, ascending."""
    if events is None:
        rows = database.execute(
            "SELECT number FROM letters WHERE replay IS NULL ORDER BY number LIMIT ?", (most,)
        )
        return [row[0] for row in rows]
    found: list[int] = []
    for event in events[:most]:
        rows = database.execute(
            "SELECT number FROM letters WHERE event=? AND replay IS NULL", (event,)
        )
        found += [row[0] for row in rows]
    return sorted(found)


def head_of(row: Sequence[object]) -> LetterHead:
    """A letter's head of a row of `HEAD`."""
    *values, replay = row
    return LetterHead(*values, replay is not None)  # type: ignore[call-arg,arg-type] # the columns are its fields


def status_of(database: sqlite3.Connection, at_ns: int) -> DeadStatus:
    """What the status stream is told."""
    letters, replaying = database.execute("SELECT count(*), count(replay) FROM letters").fetchone()
    latest_ns, latest_reason = database.execute(
        "SELECT max(at_ns), reason FROM letters WHERE replay IS NULL"  # the reason of that row
    ).fetchone()
    refused = database.execute(
        "SELECT run, count(*) FROM letters WHERE part='processor' AND replay IS NULL"
        " GROUP BY run LIMIT ?",
        (_MOST_RUNS,),
    )
    runs: dict[str, dict[str, int]] = {}
    lines: dict[str, int] = {}
    for source, run, day, events, count in database.execute("SELECT * FROM replayed"):
        runs.setdefault(run, {})[day] = events
        lines[source] = lines.get(source, 0) + count
    discarded, given_up, given_up_lines = _discarded(database)
    return DeadStatus(
        store=meta_of(database, "id"), at_ns=at_ns, letters=letters,
        bytes=int(meta_of(database, "bytes")), replaying=replaying,
        latest_reason=(latest_reason or "")[:_LONGEST_REASON], latest_ns=latest_ns or 0,
        refused=dict(refused), replayed=runs, replayed_lines=lines,
        discarded=discarded, given_up=given_up, given_up_lines=given_up_lines,
    )  # fmt: skip


def _discarded(
    database: sqlite3.Connection,
) -> tuple[int, Mapping[str, Mapping[str, int]], Mapping[str, int]]:
    """How many were discarded; by run and day those of the store, by source the lines of the rest."""
    runs: dict[str, dict[str, int]] = {}
    lines: dict[str, int] = {}
    total = 0
    if version_of(database) < len(_SCHEMAS):
        return total, runs, lines
    for part, source, run, day, events, count in database.execute("SELECT * FROM discarded"):
        total += events
        if part == "processor":
            runs.setdefault(run, {})[day] = events
        else:
            lines[source] = lines.get(source, 0) + count
    return total, runs, lines
