"""What is there of each day: in the store, in archives, deleted and not yet gone?"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logboom.clock import SystemClock
from logboom.config import Config, LocalStoreSection
from logboom.errors import LogboomError, UsageError
from logboom.quantities import days_text, size_text

if TYPE_CHECKING:
    from logboom.archive.manifest import Manifest
    from logboom.store import Day

_WHERE = ("store", "archive", "deleted")


@dataclass(frozen=True, slots=True)
class Row:
    """One day in one place.

    Attributes:
        day: `YYYY-MM-DD`.
        where: store, archive or deleted.
        name: Of the day index, or the archive's file.
        events: How many there are.
        size: Bytes.
        until: When a deleted one goes for good.
    """

    day: str
    where: str
    name: str
    events: int
    size: int
    until: str | None = None

    def value(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "day": self.day, "where": self.where, "name": self.name, "events": self.events,
            "bytes": self.size, "until": self.until,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """All days.

    Attributes:
        rows: By day, place and name.
        troubles: What could not be looked at, a sentence each.
    """

    rows: tuple[Row, ...]
    troubles: tuple[str, ...]

    def text(self) -> str:
        """For people: a line for each row, and the sums."""
        if not self.rows:
            return "there are no days\n"
        lines = [f"{'day':<10}  {'where':<7}  {'events':>14}  {'size':>9}  name"]
        for row in self.rows:
            until = f" (until {row.until[:16]}Z)" if row.until else ""
            lines.append(
                f"{row.day}  {row.where:<7}  {row.events:>14,}  {size_text(row.size):>9}"
                f"  {row.name}{until}"
            )
        lines += [_sum(where, mine) for where in _WHERE if (mine := self.in_place(where))]
        return "\n".join(lines) + "\n"

    def in_place(self, where: str) -> Sequence[Row]:
        """The rows of one place."""
        return [row for row in self.rows if row.where == where]


async def read_table(config: Config, folder: Path | None = None) -> Table:
    """Looks at the store and at all archives.

    Args:
        config: Says where they are.
        folder: Only the archives in here, or a manifest; by default those in all places where
            archives were put.

    Raises:
        UsageError: There is no such data folder, or none of ours, or it cannot be read.
        LogboomError: The store does not answer.
    """
    from logboom.archive import places  # noqa: PLC0415 - not needed for --help
    from logboom.archive.work import archive_folder  # noqa: PLC0415 - likewise
    from logboom.store import open_store  # noqa: PLC0415 - likewise

    if isinstance(config.store, LocalStoreSection):
        await asyncio.to_thread(check_data, config.data)
    store = await open_store(config, clock=SystemClock())
    try:
        rows = [_stored(day) for day in await store.days()]
        troubles = list(await store.troubles())
    finally:
        await store.close()
    configured = folder or archive_folder(config.retention, config.data)
    try:
        others = await _places(config) if folder is None else []
    except LogboomError as error:
        others = []
        troubles.append(f"other folders of archives are not known now: {error.sentence()}")
    found = await asyncio.to_thread(places.find, configured, others)
    rows += [_archived(one) for one in found.archives]
    rows.sort(key=lambda row: (row.day, row.where, row.name))
    return Table(tuple(rows), (*troubles, *found.troubles))


def check_data(data: Path) -> None:
    """Sees that a data folder is there, is one of ours, and can be read.

    Raises:
        UsageError: It is not.
    """
    mend = "name the data folder with --data, or with `data` in the file of -c"
    for folder in (data, data / "store"):
        try:
            os.scandir(folder).close()
        except FileNotFoundError:
            what = (
                "there is no such folder" if folder == data else "no data folder: it has no store"
            )
            raise UsageError(what, where=str(data), mend=mend) from None
        except NotADirectoryError:
            raise UsageError("is no folder", where=str(folder), mend=mend) from None
        except OSError as error:
            raise UsageError(
                f"cannot be read: {error.strerror}", where=str(folder),
                mend="run this as the user that logboom runs as",
            ) from error  # fmt: skip


async def _places(config: Config) -> list[Path]:
    """Folders of archives that were named once; a state that nobody has made is not made here."""
    from logboom.archive import places  # noqa: PLC0415 - not needed for --help
    from logboom.state import open_state  # noqa: PLC0415 - likewise

    is_local = isinstance(config.store, LocalStoreSection)
    if is_local and not await asyncio.to_thread((config.data / "state").exists):
        return []
    state = open_state(config, SystemClock())
    try:
        return await places.remembered(state)
    finally:
        await state.close()


def _stored(day: Day) -> Row:
    return Row(day.day.isoformat(), "store", day.name, day.documents, day.size_bytes)


def _archived(manifest: Manifest) -> Row:
    where = "archive" if manifest.delete_after is None else "deleted"
    return Row(
        manifest.day.isoformat(), where, str(manifest.data), manifest.events, manifest.size,
        manifest.delete_after,
    )  # fmt: skip


def _sum(where: str, rows: Sequence[Row]) -> str:
    events, size = sum(row.events for row in rows), sum(row.size for row in rows)
    return (
        f"{len(rows):>4} {days_text(len(rows)):<4}  {where:<7}  {events:>14,}  {size_text(size):>9}"
    )
