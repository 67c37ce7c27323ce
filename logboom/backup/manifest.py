"""What does a backup hold, and which backups are there?"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec
import orjson

from logboom import __version__
from logboom.errors import ArchiveDamaged
from logboom.store.local.documents import for_room
from logboom.store.local.syncing import sync_folder

log = logging.getLogger("logboom.backup")

_FORMAT = 1
_FOLDER = "backups"
_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class FileCopy:
    """One file of the data folder.

    Attributes:
        path: Below the data folder.
        size: Bytes.
        pieces: Names of its pieces, in order.
        inode: Of the file that was copied; 0 for a copy of a database.
        changed_ns: When that was changed last.
    """

    path: str
    size: int
    pieces: tuple[str, ...]
    inode: int = 0
    changed_ns: int = 0


@dataclass(frozen=True, slots=True)
class DayCopy:
    """One day of the store.

    Attributes:
        day: `YYYY-MM-DD`.
        name: Of the day index.
        events: The first so many of its events are in the backup for certain.
        digest: Of these; see `logboom.archive.digest`. Empty where the store is Elasticsearch.
    """

    day: str
    name: str
    events: int
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup: everything that was durable when it was begun.

    Attributes:
        name: Sorts by time.
        began_ns: ns since the epoch.
        ended_ns: Likewise.
        store: Which store it is of.
        files: Of the data folder.
        days: Of the store.
        added: Bytes that this backup has added to those before it.
        spoilt: Pieces of earlier backups that were found spoilt on this occasion. What is still there
            was copied anew.
        snapshots: Where Elasticsearch keeps its part, as its nodes see it.
        version: The logboom that made it.
        format: Of this manifest.
    """

    name: str
    began_ns: int
    ended_ns: int
    store: str
    files: tuple[FileCopy, ...]
    days: tuple[DayCopy, ...]
    added: int = 0
    spoilt: int = 0
    snapshots: str = ""
    version: str = __version__
    format: int = field(default=_FORMAT)

    @property
    def events(self) -> int:
        """Events of all days."""
        return sum(day.events for day in self.days)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


def write_backup(folder: Path, backup: Backup) -> None:
    """Writes a backup's manifest: with it the backup is there.

    Raises:
        DiskFull: There is no room.
    """
    path = folder / _FOLDER / f"{backup.name}{_SUFFIX}"
    unfinished = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with unfinished.open("wb") as file:
            file.write(orjson.dumps(asdict(backup)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
        sync_folder(path.parent)
    except OSError as error:
        raise for_room(error, path) from error


def backups(folder: Path) -> list[Backup]:
    """The backups in a folder, the oldest first; those that cannot be read are told and left out."""
    found = []
    for path in _manifests(folder):
        try:
            found.append(_read(path))
        except ArchiveDamaged as error:
            log.warning("%s", error)
    return found


def are_all(folder: Path, known: Sequence[Backup]) -> bool:
    """False when there are manifests of others: nobody knows which pieces a damaged one needs."""
    return len(_manifests(folder)) == len(known)


def _manifests(folder: Path) -> list[Path]:
    return sorted((folder / _FOLDER).glob(f"[!.]*{_SUFFIX}"))


def forget(folder: Path, some: Sequence[Backup]) -> None:
    """Deletes manifests; their pieces are left to `Pieces.sweep`."""
    for backup in some:
        (folder / _FOLDER / f"{backup.name}{_SUFFIX}").unlink(missing_ok=True)
    if some:
        sync_folder(folder / _FOLDER)


def _read(path: Path) -> Backup:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Backup)
    except msgspec.MsgspecError as error:
        raise ArchiveDamaged(
            f"is no manifest of a backup, which is passed over: {error}", where=str(path),
            mend="move it away; pieces are kept until then",
        ) from error  # fmt: skip
    if found.format != _FORMAT:
        raise ArchiveDamaged(
            "is a backup of another format", where=str(path), mend="use a newer logboom"
        )
    return found
