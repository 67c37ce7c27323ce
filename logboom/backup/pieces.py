"""How are contents kept once, whatever files and backups they belong to?

A piece is up to 4 MiB of a file, compressed, under the SHA-256 of what it holds. It is written under
another name, synced and renamed: a piece that is there is whole.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path

import zstandard

from logboom.errors import ArchiveDamaged
from logboom.store.local.documents import for_room

_MEND = "move it away and make a backup: the piece is written anew if its content is still there"
PIECE_BYTES = 4 * 2**20
_LEVEL = 3
_UNFINISHED = ".new"


class Pieces:
    """The pieces of all backups of one folder.

    Args:
        folder: Made with the first piece.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.written = 0

    def keep(self, content: bytes) -> str:
        """Keeps a piece; gives its name.

        Raises:
            DiskFull: There is no room.
        """
        name = sha256(content).hexdigest()
        path = self._path(name)
        if not path.exists():
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
            self.written += len(packed)
        return name

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

    def _all(self) -> Iterator[Path]:
        yield from list(self._folder.glob("??/*"))

    def _path(self, name: str) -> Path:
        return self._folder / name[:2] / name
