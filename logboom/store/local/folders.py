"""Where does each day lie on disk?

`<store>/<index name>/` holds `day.json`, the documents, and the folder `index/` with tantivy's
files. A day appears under its name all at once, and vanishes so: it is renamed, then deleted. One that
is beyond repair keeps its files under `<store>/damaged/<name>-<n>`.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import orjson

from logboom.store.local.documents import DATA_NAME, for_room
from logboom.store.local.syncing import sync_folder

INDEX_NAME = "index"
_DAY_NAME = "day.json"
_DAMAGED = "damaged"
_DROPPED = ".dropped-"
_UNFINISHED = ".new"

NOT_OF_A_DAY = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What no file is to blame for."""


@dataclass(frozen=True, slots=True)
class DayFolder:
    """One day's place.

    Attributes:
        day: The UTC day.
        path: Its folder; the folder's name is the name of the day index.
    """

    day: date
    path: Path

    @property
    def name(self) -> str:
        """The name of the day index."""
        return self.path.name

    @property
    def index(self) -> Path:
        """Folder of tantivy's files."""
        return self.path / INDEX_NAME


class StoreFolder:
    """The folder of all days."""

    def __init__(self, path: Path, name_pattern: str) -> None:
        """Names the folder; nothing is created.

        Args:
            path: The store's own folder.
            name_pattern: Name of a day index, in strftime's codes.
        """
        self.path = path
        self._name_pattern = name_pattern
        self._known: dict[str, DayFolder] = {}

    def days(self) -> list[DayFolder]:
        """The days that are there, ascending; also those whose files are refused.

        Raises:
            OSError: The folder itself is refused, or no single day is to blame.
        """
        found = (self._read(name) for name in self._names() if not _is_aside(name))
        return sorted((one for one in found if one is not None), key=lambda one: one.day)

    def editions(self) -> dict[str, str]:
        """By its name when each day was made, and with which inode: its description never changes."""
        found = {}
        for folder in self.days():
            try:
                status = (folder.path / _DAY_NAME).stat()
            except OSError:
                found[folder.name] = ""  # it has none, or it is refused
            else:
                found[folder.name] = f"{status.st_mtime_ns}-{status.st_ino}"
        return found

    def damaged(self) -> list[DayFolder]:
        """The folders that have been set aside, by their names; of a name that is none of ours, none."""
        try:
            paths = sorted((self.path / _DAMAGED).iterdir())
        except FileNotFoundError:
            return []
        found = ((path, self._day_of(path.name.rpartition("-")[0])) for path in paths)
        return [DayFolder(day, path) for path, day in found if day is not None]

    def create(self, day: date) -> DayFolder:
        """Makes the folder of a new day.

        Raises:
            DiskFull: There is no room for it.
        """
        path = self.path / day.strftime(self._name_pattern)
        unfinished = path.with_name(path.name + _UNFINISHED)
        try:
            unfinished.mkdir(parents=True, exist_ok=True)
            _write_synced(unfinished / _DAY_NAME, orjson.dumps({"day": day.isoformat()}))
            unfinished.rename(path)
            sync_folder(self.path)
        except OSError as error:
            raise for_room(error, path) from error
        return DayFolder(day, path)

    def set_aside(self, folder: DayFolder) -> Path:
        """Takes a day that is beyond repair out of the way.

        Returns:
            Where its files are now.
        """
        aside = self.path / _DAMAGED
        aside.mkdir(exist_ok=True)
        target = _free(aside, f"{folder.name}-")
        folder.path.rename(target)
        sync_folder(aside)
        sync_folder(self.path)
        return target

    def drop(self, folder: DayFolder) -> None:
        """Deletes a day. It is gone for everybody at once; who reads it has its files open."""
        target = _free(self.path, f"{folder.name}{_DROPPED}")
        folder.path.rename(target)
        sync_folder(self.path)
        shutil.rmtree(target)

    def finish_drops(self) -> None:
        """Deletes what a crash has left of dropped days. For the one process that writes."""
        for name in self._names():
            if _DROPPED in name:
                shutil.rmtree(self.path / name)

    def _names(self) -> list[str]:
        """What is in the folder; each question asks for it, so no paths are made of these names."""
        try:
            return sorted(os.listdir(self.path))  # noqa: PTH208
        except FileNotFoundError:
            return []

    def _read(self, name: str) -> DayFolder | None:
        """A day's folder; None for anything else. Its description is read once.

        One whose description is refused is known by its name, and asked again.
        """
        known = self._known.get(name)
        if known is not None:
            return known
        path = self.path / name
        try:
            content = orjson.loads((path / _DAY_NAME).read_bytes())
            found: DayFolder | None = DayFolder(date.fromisoformat(content["day"]), path)
        except NotADirectoryError:
            return None
        except FileNotFoundError:
            found = self._from_name(path) if (path / DATA_NAME).exists() else None
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
            found = self._from_name(path)
        except OSError as error:
            if error.errno in NOT_OF_A_DAY:
                raise
            return self._from_name(path)
        if found is not None:
            self._known[name] = found
        return found

    def _from_name(self, path: Path) -> DayFolder | None:
        day = self._day_of(path.name)
        return None if day is None else DayFolder(day, path)

    def _day_of(self, name: str) -> date | None:
        try:
            return datetime.strptime(name, self._name_pattern).replace(tzinfo=UTC).date()
        except ValueError:
            return None


def is_refused(folder: DayFolder) -> bool:
    """True when we may not read a day's events anew, whether or not somebody has them open yet."""
    path = folder.path / DATA_NAME
    return os.access(path, os.F_OK) and not os.access(path, os.R_OK)


def folder_size(path: Path) -> int:
    """Bytes of all files below a folder; those that vanish meanwhile, or are refused, count nothing."""
    total = 0
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                total += os.stat(os.path.join(parent, name)).st_size  # noqa: PTH116, PTH118
            except (FileNotFoundError, PermissionError):
                continue
    return total


def _count_up() -> Iterator[int]:
    number = 1
    while True:
        yield number
        number += 1


def _free(parent: Path, stem: str) -> Path:
    """The first path of this stem and a number that is not taken."""
    paths = (parent / f"{stem}{number}" for number in _count_up())
    return next(path for path in paths if not path.exists())


def _is_aside(name: str) -> bool:
    return _DROPPED in name or name == _DAMAGED or name.endswith(_UNFINISHED)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
