"""How does a backup become a data folder again, and how is it tried without harm?"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from logboom.archive.digest import Digest
from logboom.backup.making import open_elastic, pieces_of, repository, repository_name
from logboom.backup.manifest import Backup, DayCopy, FileCopy, backups
from logboom.backup.pieces import Pieces
from logboom.clock import Clock
from logboom.config import Config, ElasticsearchSection
from logboom.errors import ArchiveDamaged, UsageError
from logboom.query.model import MatchAll
from logboom.store import Document, SearchRequest, Store, TimeRange, open_store
from logboom.store.elastic.reading import drop_index, read_day
from logboom.store.local.documents import for_room
from logboom.store.local.serial import encode
from logboom.store.local.syncing import sync_folder

_UNFINISHED = ".restoring"


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of restoring a backup into a scratch store.

    Attributes:
        days: Compared by number of events and by hash.
        events: That were found again.
        took_s: From the begin to the first answer of a search.
        troubles: What was not as it should be, a sentence each.
    """

    backup: Backup
    days: int
    events: int
    took_s: float
    troubles: Sequence[str]


def choose(folder: Path, name: str | None) -> Backup:
    """A backup by its name, or the newest.

    Raises:
        UsageError: There is none.
        ArchiveDamaged: A manifest cannot be read.
    """
    known = backups(folder)
    found = known[-1:] if name is None else [one for one in known if one.name == name]
    if not found:
        raise UsageError(
            "there is no such backup" if name else "there is no backup",
            where=str(folder), mend="see `logboom backup list --to DIR`",
        )  # fmt: skip
    return found[0]


async def restore(config: Config, folder: Path, backup: Backup, clock: Clock) -> None:
    """Makes a data folder of a backup, all at once; with Elasticsearch, the day indices, too.

    Raises:
        UsageError: The data folder is not empty.
        ArchiveDamaged: The backup is not whole; nothing is there.
        StoreRefused: An index of the backup is there already.
        DiskFull: There is no room; nothing is there.
    """
    if config.data.exists() and any(config.data.iterdir()):
        raise UsageError(
            "is not empty: nothing is overwritten", where=str(config.data),
            mend="move it away, or name another folder with --data",
        )  # fmt: skip
    unfinished = config.data.with_name(config.data.name + _UNFINISHED)
    shutil.rmtree(unfinished, ignore_errors=True)
    try:
        await asyncio.to_thread(write_files, pieces_of(folder), backup.files, unfinished)
        if backup.store == "elasticsearch":
            await _restore_indices(config, backup, clock)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    if config.data.exists():
        config.data.rmdir()
    unfinished.rename(config.data)
    sync_folder(config.data.parent)


async def _restore_indices(config: Config, backup: Backup, clock: Clock) -> None:
    store = await open_elastic(config, clock)
    try:
        snapshots = await repository(store, config, backup.snapshots)
        await snapshots.restore(repository_name(config), backup.name)
    finally:
        await store.close()


def write_files(pieces: Pieces, files: Sequence[FileCopy], target: Path) -> None:
    """Writes files below a folder, synced.

    Raises:
        ArchiveDamaged: A piece is missing or spoilt.
        DiskFull: There is no room.
    """
    try:
        target.mkdir(parents=True, mode=0o700, exist_ok=True)
        for copy in files:
            path = target / copy.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as file:
                for piece in copy.pieces:
                    file.write(pieces.read(piece))
                file.flush()
                os.fsync(file.fileno())
            if path.stat().st_size != copy.size:
                raise ArchiveDamaged("has another size than its manifest says", where=copy.path)
    except OSError as error:
        raise for_room(error, target) from error


async def try_out(
    config: Config, folder: Path, backup: Backup, clock: Clock, scratch: Path
) -> Tried:
    """Restores a backup into a scratch store and compares numbers and hashes.

    Args:
        config: Of what was backed up.
        folder: Of the backups.
        backup: Which one.
        clock: For the time it takes.
        scratch: A folder that is deleted at the end.

    Raises:
        ArchiveDamaged: The backup is not whole.
        LogboomError: It cannot be tried now.
    """
    pieces = pieces_of(folder)
    begun = clock.monotonic()
    try:
        try:
            await asyncio.to_thread(write_files, pieces, backup.files, scratch)
        except ArchiveDamaged:
            await asyncio.to_thread(pieces.see_through, _names_of(backup))
            raise
        troubles = await asyncio.to_thread(lambda: list(_spoilt_databases(scratch, backup.files)))
        if isinstance(config.store, ElasticsearchSection):
            return await _try_elasticsearch(config, backup, clock, begun, troubles)
        return await _try_local(config, backup, clock, begun, scratch, troubles)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _names_of(backup: Backup) -> set[str]:
    return {piece for file in backup.files for piece in file.pieces}


async def _try_local(
    config: Config, backup: Backup, clock: Clock, begun: float, scratch: Path, troubles: list[str]
) -> Tried:
    store = await open_store(config.model_copy(update={"data": scratch}), clock=clock)
    try:
        writer = await store.writer()  # brings every index up to its events
        try:
            await store.search(SearchRequest(MatchAll(), limit=1))
            took_s = clock.monotonic() - begun
            events = 0
            for day in backup.days:
                found = await _first(store, day)
                events += found.events
                if found != day:
                    troubles.append(_differs(day, found))
            troubles += await _unsearchable(store, backup.events)
        finally:
            await writer.close()
    finally:
        await store.close()
    return Tried(backup, len(backup.days), events, took_s, troubles)


async def _first(store: Store, day: DayCopy) -> DayCopy:
    """As many events of a restored day as the backup has for certain."""
    digest, events = Digest(), 0
    async for documents in store.read_day(date.fromisoformat(day.day)):
        some: Sequence[Document] = documents[: day.events - events]
        digest.add([encode(one) for one in some])
        events += len(some)
        if not some:
            break
    return DayCopy(day.day, day.name, events, digest.text())


async def _unsearchable(store: Store, events: int) -> list[str]:
    found = await store.count(MatchAll(), TimeRange())
    if found.value >= events:
        return []
    return [f"a search finds {found.value} of {events} events"]


def _differs(day: DayCopy, found: DayCopy) -> str:
    if day.events != found.events:
        return f"the day {day.day} has {found.events} of its {day.events} events"
    return f"the events of the day {day.day} are not those that were backed up"


async def _try_elasticsearch(
    config: Config, backup: Backup, clock: Clock, begun: float, troubles: list[str]
) -> Tried:
    """Under other names; days that did not change since are compared with what is there, by hash."""
    store = await open_elastic(config, clock)
    prefix = f"verify-{backup.name}-"
    names = [day.name for day in backup.days]
    try:
        snapshots = await repository(store, config, backup.snapshots)
        counts = await snapshots.restore(
            repository_name(config), backup.name, indices=names, prefix=prefix
        )
        took_s = clock.monotonic() - begun
        await store.refresh()
        live = {one.name: one.documents for one in await store.days()}
        events = 0
        for day in backup.days:
            found = counts.get(f"{prefix}{day.name}", 0)
            events += min(found, day.events)
            if found < day.events:
                troubles.append(_differs(day, DayCopy(day.day, day.name, found)))
            elif live.get(day.name) == found:
                at = date.fromisoformat(day.day)
                there = await _digest(read_day(store.client, day.name, at))
                restored = await _digest(read_day(store.client, f"{prefix}{day.name}", at))
                if there != restored:
                    troubles.append(_differs(day, day))
    finally:
        for name in names:
            await drop_index(store.client, f"{prefix}{name}", None)
        await store.close()
    return Tried(backup, len(backup.days), events, took_s, troubles)


async def _digest(pieces: AsyncIterator[Sequence[Document]]) -> str:
    digest = Digest()
    async for documents in pieces:
        digest.add([encode(one) for one in documents])
    return digest.text()


def _spoilt_databases(scratch: Path, files: Sequence[FileCopy]) -> Iterator[str]:
    """What SQLite says of the databases of a backup."""
    for copy in files:
        path = scratch / copy.path
        with path.open("rb") as file:
            if not file.read(16).startswith(b"SQLite format 3"):
                continue
        with closing(sqlite3.connect(path)) as database:
            found = database.execute("PRAGMA quick_check").fetchone()[0]
        if found != "ok":
            yield f"{copy.path}: {found}"
