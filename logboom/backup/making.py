"""How is a backup made, added to those before it, and how do the oldest go?"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from logboom import __version__
from logboom.backup.copying import Copier
from logboom.backup.manifest import (
    Backup,
    DayCopy,
    FileCopy,
    are_all,
    backups,
    forget,
    write_backup,
)
from logboom.backup.pieces import Pieces
from logboom.clock import Clock
from logboom.config import Config, ElasticsearchSection
from logboom.dead import DeadLetters
from logboom.errors import AlreadyRunning, StoreUnavailable, UsageError
from logboom.store.local.documents import for_room
from logboom.store.local.folders import StoreFolder

if TYPE_CHECKING:
    from logboom.store.elastic.snapshots import Snapshots
    from logboom.store.elastic.store import ElasticsearchStore

_TRIES = 3
SNAPSHOTS = "snapshots"
"""Folder of Elasticsearch's own repository, below that of the backups."""


def pieces_of(folder: Path) -> Pieces:
    """The pieces of the backups in a folder."""
    return Pieces(folder / "pieces")


async def make_backup(
    config: Config, folder: Path, clock: Clock, *, keep: int, snapshots: str | None = None
) -> Backup:
    """Makes one backup; what did not change since the one before is not copied again.

    Args:
        config: Of what is backed up.
        folder: Of the backups; made when it is missing. One process makes backups there at a time.
        clock: For the name, and for what is quiet.
        keep: So many backups are left; the oldest go.
        snapshots: Where Elasticsearch keeps its part, as its nodes see it; by default a folder below.

    Raises:
        UsageError: The folder lies in the data folder, or there is nothing to back up.
        AlreadyRunning: Another process makes a backup there.
        DiskFull: There is no room; the backups before are whole.
        StoreDamaged: An event cannot be read: the backups before have it.
        LogboomError: It cannot be made now.
    """
    if folder.is_relative_to(config.data):
        raise UsageError("backups must not lie in the data folder", where=str(folder))
    with _alone(folder):
        if isinstance(config.store, ElasticsearchSection):
            location = snapshots or str(folder / SNAPSHOTS)
            return await _of_elasticsearch(config, folder, clock, keep, location)
        return await asyncio.to_thread(_of_data, config, folder, clock, keep)


def _of_data(config: Config, folder: Path, clock: Clock, keep: int) -> Backup:
    if not config.data.is_dir():
        raise UsageError("there is nothing to back up", where=str(config.data))
    began_ns = clock.now_ns()
    pieces, known = pieces_of(folder), backups(folder)
    copier = _copier(config, folder, pieces, known, began_ns)
    spoilt = pieces.look_through(_last_look(known), began_ns)
    files = _rooms(config, copier)
    days: list[DayCopy] = []
    for day, some in copier.store(StoreFolder(config.data / "store", config.index)):
        files += some
        if day is not None:
            days.append(day)
    files += copier.archives()
    made = Backup(
        name=_name(began_ns), began_ns=began_ns, ended_ns=clock.now_ns(), store="local",
        files=tuple(files), days=tuple(days), added=pieces.written, spoilt=spoilt,
        version=__version__,
    )  # fmt: skip
    _write(folder, pieces, made)
    _prune(folder, pieces, [*known, made], keep)
    return made


def _last_look(known: list[Backup]) -> int:
    return known[-1].began_ns if known else 0


def _write(folder: Path, pieces: Pieces, made: Backup) -> None:
    """The manifest, after everything that it tells of.

    Raises:
        DiskFull: There is no room.
    """
    try:
        pieces.sync()
    except OSError as error:
        raise for_room(error, folder) from error
    write_backup(folder, made)


def _copier(
    config: Config, folder: Path, pieces: Pieces, known: list[Backup], now_ns: int
) -> Copier:
    last = known[-1] if known else None
    files = {} if last is None else {file.path: file for file in last.files}
    days = {} if last is None else {day.name: day for day in last.days}
    return Copier(config.data, pieces, folder / "work", files, days, now_ns)


def _rooms(config: Config, copier: Copier) -> list[FileCopy]:
    """All rooms but the store, at a moment when no dead letters were sent again.

    Raises:
        StoreUnavailable: There was no such moment.
    """
    letters = DeadLetters(config.data / "dead", max_bytes=0)
    for _ in range(_TRIES):
        before = letters.signature()
        files = list(copier.rooms())
        if letters.signature() == before:
            return files
    raise StoreUnavailable(
        "dead letters come and go all the time", where=str(config.data / "dead"),
        mend="make the backup later",
    )  # fmt: skip


async def _of_elasticsearch(
    config: Config, folder: Path, clock: Clock, keep: int, location: str
) -> Backup:
    """A snapshot of day indices and state, and the data folder of this machine."""
    began_ns = clock.now_ns()
    pieces, known = pieces_of(folder), backups(folder)
    files: list[FileCopy] = []
    spoilt = pieces.look_through(_last_look(known), began_ns)
    if config.data.is_dir():
        copier = _copier(config, folder, pieces, known, began_ns)
        files = await asyncio.to_thread(_rooms, config, copier)
    store = await open_elastic(config, clock)
    try:
        await store.refresh()
        days = [DayCopy(str(one.day), one.name, one.documents) for one in await store.days()]
        snapshots = await repository(store, config, location)
        name = _name(began_ns)
        await snapshots.make(repository_name(config), name, indices=_indices(config))
        made = Backup(
            name=name, began_ns=began_ns, ended_ns=clock.now_ns(), store="elasticsearch",
            files=tuple(files), days=tuple(days), added=pieces.written, snapshots=location,
            spoilt=spoilt, version=__version__,
        )  # fmt: skip
        _write(folder, pieces, made)
        for old in _prune(folder, pieces, [*known, made], keep):
            await snapshots.delete(repository_name(config), old.name)
    finally:
        await store.close()
    return made


async def open_elastic(config: Config, clock: Clock) -> ElasticsearchStore:
    """The configured Elasticsearch."""
    from logboom.store.elastic.store import open_elasticsearch  # noqa: PLC0415 - only when configured

    if not isinstance(config.store, ElasticsearchSection):
        raise TypeError("the store is no Elasticsearch")
    return await open_elasticsearch(config.store, config, clock)


async def repository(store: ElasticsearchStore, config: Config, location: str) -> Snapshots:
    """The snapshots at a place; makes it known to Elasticsearch.

    Raises:
        StoreRefused: Elasticsearch cannot use the place.
        StoreUnavailable: Try again later.
    """
    snapshots = store.snapshots()
    await snapshots.register(repository_name(config), {"location": location})
    return snapshots


def repository_name(config: Config) -> str:
    """The name of the repository in Elasticsearch: one for each pattern of day indices."""
    plain = "".join(
        letter if letter.isalnum() or letter in "-_" else "-" for letter in config.index
    )
    return f"logboom-backup-{plain}"


def _indices(config: Config) -> list[str]:
    from logboom.state.elastic import index_name  # noqa: PLC0415 - only when it is configured
    from logboom.store.elastic.names import IndexNames  # noqa: PLC0415 - only when it is configured

    return [*IndexNames(config.index).patterns, index_name(config.index)]


def _prune(folder: Path, pieces: Pieces, known: list[Backup], keep: int) -> list[Backup]:
    """Lets the oldest backups go, and what only they needed."""
    old = known[: max(0, len(known) - keep)]
    if old:
        forget(folder, old)
        left = known[len(old) :]
        if are_all(folder, left):
            pieces.sweep(piece for one in left for file in one.files for piece in file.pieces)
    return old


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(folder / "backup.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        trouble = for_room(error, folder)
        if trouble is not error:
            raise trouble from error
        raise UsageError(f"cannot be used: {error.strerror}", where=str(folder)) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise AlreadyRunning("another process makes a backup there", where=str(folder)) from None
    try:
        yield
    finally:
        os.close(lock)


def _name(at_ns: int) -> str:
    moment = datetime.fromtimestamp(at_ns // 10**9, UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{at_ns % 10**9 // 10**6:03}"
