"""How are contents kept once, whatever files and backups they belong to?

A piece is up to 4 MiB of a file, compressed, under the SHA-256 of what it holds. It is written under
another name, synced and renamed. A disk may spoil it all the same: one that is spoilt is taken out of
the way, so that the next backup writes it anew.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import zstandard

from logboom.errors import ArchiveDamaged
from logboom.store.local.documents import for_room
from logboom.store.local.syncing import sync_folder

log = logging.getLogger("logboom.backup")

_MEND = "make a backup: the piece is written anew if its content is still there"
PIECE_BYTES = 4 * 2**20
_LEVEL = 3
_UNFINISHED = ".new"
_SPOILT = ".spoilt"
_FOLDERS = 256
_ROUND_S = 24 * 3600
"""All pieces are read again within so long, one folder of them after the other."""

_MOST_FOLDERS = 32
"""So many at a time: a backup after a long pause is not to wait for all of them."""


class Pieces:
    """The pieces of all backups of one folder.

    Args:
        folder: Made with the first piece.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._there: set[str] | None = None
        self._unsynced: set[Path] = set()
        self.written = 0

    def keep(self, content: bytes) -> str:
        """Keeps a piece; gives its name. One that is there is read back, and written anew if spoilt.

        Raises:
            DiskFull: There is no room.
        """
        name = sha256(content).hexdigest()
        path = self._path(name)
        if not path.exists() or self._is_spoilt(path):
            packed = zstandard.ZstdCompressor(level=_LEVEL).compress(content)
            unfinished = path.with_name(f"{name}.{os.getpid()}{_UNFINISHED}")
            try:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                with unfinished.open("wb") as file:
                    file.write(packed)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.rename(path)
            except OSError as error:
                unfinished.unlink(missing_ok=True)
                raise for_room(error, path) from error
            self._unsynced |= {path.parent, self._folder, self._folder.parent}
            self._names().add(name)
            self.written += len(packed)
        return name

    def has(self, names: Iterable[str]) -> bool:
        """True when all these pieces are there."""
        return self._names().issuperset(names)

    def sync(self) -> None:
        """Makes the names of all kept pieces durable. Before a manifest tells of them.

        Raises:
            OSError: It cannot be done.
        """
        for folder in sorted(self._unsynced):
            sync_folder(folder)
        self._unsynced.clear()

    def read(self, name: str) -> bytes:
        """A piece's content.

        Raises:
            ArchiveDamaged: It is missing, or not what it was.
        """
        path = self._path(name)
        try:
            content = zstandard.ZstdDecompressor().decompress(path.read_bytes())
        except (FileNotFoundError, zstandard.ZstdError) as error:
            raise ArchiveDamaged(
                f"a piece of the backup cannot be read: {error}", where=str(path), mend=_MEND
            ) from error
        if sha256(content).hexdigest() != name:
            raise ArchiveDamaged(
                "a piece of the backup is not what it was", where=str(path), mend=_MEND
            )
        return content

    def look_through(self, since_ns: int, now_ns: int) -> int:
        """Reads some of the pieces again, in turn: all of them in a day, when there are eight calls in it.

        Spoilt ones are taken out of the way and told. Only for the one process that makes backups
        here.

        Args:
            since_ns: When that was done last, ns since the epoch; 0: never.
            now_ns: Now.

        Returns:
            How many are spoilt.
        """
        folders = turn(since_ns, now_ns)
        return sum(
            self._is_spoilt(path)
            for number in folders
            for path in sorted((self._folder / f"{number:02x}").glob("*"))
            if not path.name.endswith((_UNFINISHED, _SPOILT))
        )

    def see_through(self, names: Iterable[str]) -> list[str]:
        """Reads these pieces; gives those that are missing or spoilt, and takes spoilt ones away."""
        return [
            name
            for name in sorted(set(names))
            if not self._path(name).exists() or self._is_spoilt(self._path(name))
        ]

    def sweep(self, needed: Iterable[str]) -> int:
        """Deletes every piece that is not needed any more; gives how many.

        Only for the one process that makes backups here.
        """
        wanted = set(needed)
        gone = 0
        for path in self._all():
            if path.name not in wanted:
                path.unlink()
                gone += 1
        return gone

    def _is_spoilt(self, path: Path) -> bool:
        """Reads a piece that is there; one that is spoilt is no longer there then."""
        try:
            self.read(path.name)
        except ArchiveDamaged as error:
            with suppress(FileNotFoundError):
                path.rename(path.with_name(f"{path.name}{_SPOILT}"))
            self._names().discard(path.name)
            log.warning("%s", error)
            return True
        return False

    def _names(self) -> set[str]:
        """The pieces that are there, listed once."""
        if self._there is None:
            self._there = {path.name for path in self._all()}
        return self._there

    def _all(self) -> Iterator[Path]:
        yield from list(self._folder.glob("??/*"))

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name


def turn(since_ns: int, now_ns: int) -> list[int]:
    """The folders of pieces whose turn has come since: each once a day, as long as they are not too many.

    Args:
        since_ns: When it was looked last, ns since the epoch.
        now_ns: Now.
    """
    first, last = (at * _FOLDERS // (_ROUND_S * 10**9) for at in (since_ns, now_ns))
    due = range(max(first + 1, last - _MOST_FOLDERS + 1), last + 1)
    return [number % _FOLDERS for number in due]
