"""How is an archive written so that it is either whole or not there, and how is it read back?

An archive under way has a name of its own and is locked by its writer: several may be written to one
folder at once, and what a crash leaves is known by having no lock. Names are given one at a time.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from glob import escape
from hashlib import sha256
from pathlib import Path
from typing import IO
from uuid import uuid4

import zstandard

from logboom import __version__
from logboom.archive.digest import Digest
from logboom.archive.manifest import (
    DATA_SUFFIX,
    MANIFEST_SUFFIX,
    Manifest,
    manifests,
)
from logboom.errors import ArchiveDamaged
from logboom.event import epoch_us
from logboom.head import Head, lenient_head
from logboom.store.local.documents import for_room
from logboom.store.local.serial import document_of, encode
from logboom.store.local.syncing import sync_folder
from logboom.store.values import Document

_LEVEL = 9
_PIECE_BYTES = 2**20
_LINES_AT_ONCE = 1000
_BYTES_AT_ONCE = 8 * 2**20
_UNFINISHED = ".new"
_LOCK = ".archives.lock"


class ArchiveWriter:
    """Writes one archive. Its files appear under their names only with `finish`.

    Args:
        folder: Made when it is missing.
        day: The UTC day of the events.
        index: Name of the day index.

    Raises:
        DiskFull: There is no room for it.
        OSError: The folder cannot be used.
    """

    def __init__(self, folder: Path, day: date, index: str) -> None:
        self._folder = folder
        self._day = day
        self._index = index
        self._unfinished = folder / f".{index}.{uuid4().hex}{DATA_SUFFIX}{_UNFINISHED}"
        self._content, self._digest = sha256(), Digest()
        self._events = self._size = 0
        self._first: tuple[int, str] | None = None
        self._last: tuple[int, str] | None = None
        self._runs: dict[str, int] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with _alone(folder):
                _clear_up(folder, index)
                self._file: IO[bytes] = self._unfinished.open("wb", buffering=0)
                fcntl.flock(self._file, fcntl.LOCK_EX)
        except OSError as error:
            raise for_room(error, folder) from error
        compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        self._stream = compressor.stream_writer(self._file, closefd=False)

    def add(self, documents: Sequence[Document]) -> None:
        """Takes in documents, in the order of the file.

        Raises:
            DiskFull: There is no room.
        """
        lines = [encode(document) for document in documents]
        block = b"".join(line + b"\n" for line in lines)
        self._content.update(block)
        self._digest.add(lines)
        self._events += len(lines)
        self._size += len(block)
        for document in documents:
            self._note(document)
        try:
            self._stream.write(block)
        except OSError as error:
            raise for_room(error, self._unfinished) from error

    def finish(self, *, created: str, delete_after: str | None = None) -> Manifest:
        """Makes the archive: synced, read back, and only then under its name.

        One that is there already with the same events is taken instead.

        Args:
            created: Now.
            delete_after: When it may be deleted; None: it is kept.

        Raises:
            DiskFull: There is no room.
            ArchiveDamaged: What is read back is not what was written.
        """
        try:
            self._stream.flush(zstandard.FLUSH_FRAME)
            os.fsync(self._file.fileno())
            made = self._manifest(created, delete_after)
            check(made, self._unfinished)
            with _alone(self._folder):
                known = next((one for one in manifests(self._folder) if _is_same(one, made)), None)
                if known is None:
                    made = replace(made, stem=_free_stem(self._folder, self._index))
                    self._unfinished.rename(made.data)
                    write_manifest(made)
            if known is not None:
                check(known)
                self._unfinished.unlink()
            self._file.close()
        except OSError as error:
            raise for_room(error, self._folder) from error
        return known or made

    def give_up(self) -> None:
        """Leaves nothing behind. Idempotent; nothing after `finish`."""
        self._file.close()
        with suppress(FileNotFoundError):
            self._unfinished.unlink()

    def _manifest(self, created: str, delete_after: str | None) -> Manifest:
        return Manifest(
            folder=self._folder, stem=self._index, day=self._day,
            index=self._index, events=self._events,
            first=None if self._first is None else self._first[1],
            last=None if self._last is None else self._last[1],
            size=self._unfinished.stat().st_size, sha256=_file_digest(self._unfinished),
            content_size=self._size, content_sha256=self._content.hexdigest(),
            digest=self._digest.text(), runs=self._runs, created=created, version=__version__,
            delete_after=delete_after,
        )  # fmt: skip

    def _note(self, document: Document) -> None:
        """What the manifest tells of a document."""
        head = document.head or lenient_head(document.event)
        run = run_of(head)
        if run is not None:
            self._runs[run] = self._runs.get(run, 0) + 1
        if isinstance(head.timestamp, str):
            with suppress(ValueError):  # no time: the day is all that is known
                time = (epoch_us(head.timestamp), head.timestamp)
                self._first = time if self._first is None else min(self._first, time)
                self._last = time if self._last is None else max(self._last, time)


def run_of(head: Head) -> str | None:
    """The run of a source that an event is of; None when it names none."""
    return head.log.source if head.log and isinstance(head.log.source, str) else None


def write_manifest(manifest: Manifest) -> None:
    """Writes a manifest, all at once and durably.

    Raises:
        DiskFull: There is no room for it.
    """
    unfinished = manifest.path.with_name(f".{manifest.path.name}{_UNFINISHED}")
    try:
        with unfinished.open("wb") as file:
            file.write(manifest.encode())
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(manifest.path)
        sync_folder(manifest.folder)
    except OSError as error:
        raise for_room(error, manifest.path) from error


def check(manifest: Manifest, data: Path | None = None) -> None:
    """Reads all of an archive and compares it with its manifest.

    Args:
        manifest: What it is to hold.
        data: Where the compressed file is, when it is not yet under its name.

    Raises:
        ArchiveDamaged: It is another one.
    """
    for _ in read_lines(manifest, data):
        pass


def read_documents(manifest: Manifest) -> Iterator[list[Document]]:
    """The events of an archive, some at a time.

    Raises:
        ArchiveDamaged: It is not what its manifest says. Nothing of it is given when the compressed
            file is another one.
    """
    for lines in read_lines(manifest):
        yield [document_of(line, manifest.day) for line in lines]


def read_lines(manifest: Manifest, data: Path | None = None) -> Iterator[list[bytes]]:
    """The lines of an archive, some at a time; see `check` and `read_documents`."""
    path = data or manifest.data
    try:
        if path.stat().st_size != manifest.size or _file_digest(path) != manifest.sha256:
            raise ArchiveDamaged("is not the file that its manifest tells of", where=str(path))
        content, digest, events = sha256(), Digest(), 0
        for lines in _decompressed(path):
            for line in lines:
                content.update(line)
                content.update(b"\n")
            digest.add(lines)
            events += len(lines)
            yield lines
    except FileNotFoundError as error:
        raise ArchiveDamaged("is missing", where=str(path)) from error
    except zstandard.ZstdError as error:
        raise ArchiveDamaged(f"cannot be decompressed: {error}", where=str(path)) from error
    found = (events, content.hexdigest(), digest.text())
    if found != (manifest.events, manifest.content_sha256, manifest.digest):
        raise ArchiveDamaged("does not hold the events that its manifest tells of", where=str(path))


def delete(manifest: Manifest) -> None:
    """Deletes an archive; the manifest goes first, so that no half of it looks like a whole."""
    manifest.path.unlink(missing_ok=True)
    sync_folder(manifest.folder)
    manifest.data.unlink(missing_ok=True)


def move(manifest: Manifest, folder: Path, *, delete_after: str | None) -> Manifest:
    """Moves an archive to another folder of the same file system; again after a crash in between.

    Args:
        manifest: Of the archive.
        folder: Made when it is missing.
        delete_after: When it may be deleted.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _alone(folder):
        known = next((one for one in manifests(folder) if _is_same(one, manifest)), None)
        if known is None:
            stem = _free_stem(folder, manifest.index)
            known = replace(manifest, folder=folder, stem=stem, delete_after=delete_after)
            os.link(manifest.data, known.data)
            write_manifest(known)
    delete(manifest)
    return known


def _decompressed(path: Path) -> Iterator[list[bytes]]:
    """The lines of a compressed file, a bounded number of bytes at a time."""
    lines: list[bytes] = []
    size, rest = 0, b""
    with path.open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        while piece := stream.read(_PIECE_BYTES):
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                lines.append(line)
                size += len(line)
                if len(lines) >= _LINES_AT_ONCE or size >= _BYTES_AT_ONCE:
                    yield lines
                    lines, size = [], 0
    if rest:
        lines.append(rest)
    if lines:
        yield lines


def _file_digest(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def _free_stem(folder: Path, index: str) -> str:
    """The first name that no archive has; data without a manifest are the leftovers of a crash."""
    stem, number = index, 1
    while (folder / f"{stem}{MANIFEST_SUFFIX}").exists():
        number += 1
        stem = f"{index}-{number}"
    with suppress(FileNotFoundError):
        (folder / f"{stem}{DATA_SUFFIX}").unlink()
    return stem


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time gives names in a folder; a moment's work, which the others wait for."""
    with (folder / _LOCK).open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _clear_up(folder: Path, index: str) -> None:
    """Deletes what crashes have left of archives of a day: nobody has it locked."""
    for path in folder.glob(f".{escape(index)}.*{DATA_SUFFIX}{_UNFINISHED}"):
        with path.open("rb") as file, suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def _is_same(one: Manifest, other: Manifest) -> bool:
    return (one.day, one.events, one.digest) == (other.day, other.events, other.digest)
