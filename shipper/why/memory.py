"""What does the shipper's registry know of a file? Read only, beside a shipper that runs."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from shipper.files.discovery import has_text_name
from shipper.files.followed import FollowedFile
from shipper.files.identity import begins_with, is_at

_SOURCES = (
    "SELECT id, path, family, epoch, offset, lines_acked, lines_empty, lines_dead, prefix, guard"
    " FROM sources"
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """One source of the registry.

    Attributes:
        planned_bytes: Bytes that were being sent when this was read.
    """

    source: str
    path: str
    family: str
    epoch: int
    offset: int
    lines_acked: int
    lines_empty: int
    lines_dead: int
    planned_bytes: int


@dataclass(frozen=True, slots=True)
class Memory:
    """What was found in the registry.

    Attributes:
        sources: That may be this file; the one with its path first.
        trouble: Why nothing is known; None when the registry was read.
    """

    sources: tuple[Remembered, ...]
    trouble: str | None = None


def remember(data: Path, path: str) -> Memory:
    """Looks a file up by its path, and by its place in the file system and its content.

    Args:
        data: The data folder.
        path: The file's path.
    """
    registry = data / "shipper" / "registry.db"
    try:
        if not registry.exists():
            return Memory((), f"no shipper has ever used {data}")
        if not has_text_name(path):
            return Memory(())
        is_idle = not registry.with_name(f"{registry.name}-wal").exists()
        uri = f"{registry.absolute().as_uri()}?mode=ro{'&immutable=1' if is_idle else ''}"
        with closing(sqlite3.connect(uri, uri=True, timeout=5.0)) as database:
            return Memory(tuple(_found(database, path)))
    except PermissionError:
        return Memory((), f"{registry} cannot be read")
    except sqlite3.DatabaseError as error:
        return Memory((), f"{registry} cannot be read: {error}")


def _found(database: sqlite3.Connection, path: str) -> list[Remembered]:
    try:
        status = os.stat(path)  # noqa: PTH116 - a plain path
        device, inode = status.st_dev, status.st_ino
    except OSError:
        device = inode = -1
    rows = database.execute(
        f"{_SOURCES} WHERE path IN (?, ?) OR (device=? AND inode=?)",
        (path, os.path.realpath(path), device, inode),
    ).fetchall()
    rows.sort(key=lambda row: row[1] != path)
    return [
        Remembered(*row, _planned(database, row[0]))  # type: ignore[call-arg] # the columns are its fields
        for *row, prefix, guard in rows
        if row[1] in {path, os.path.realpath(path)} or _holds(path, row[4], prefix, guard)
    ]


def _holds(path: str, offset: int, prefix: bytes, guard: bytes) -> bool:
    """True when a file holds what was read of a source: inodes are used again for others."""
    try:
        file = FollowedFile(path, 0)
    except OSError:
        return False
    try:
        return (
            offset > 0 and begins_with(file.content, prefix) and is_at(file.content, offset, guard)
        )
    except OSError:
        return False
    finally:
        file.close()


def _planned(database: sqlite3.Connection, source: str) -> int:
    row = database.execute(
        "SELECT coalesce(sum(end - start), 0) FROM planned WHERE source=?", (source,)
    ).fetchone()
    return int(row[0])
