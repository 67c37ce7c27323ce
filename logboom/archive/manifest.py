"""What does an archive say of itself, and where do its files lie?

An archive of a day is two files of one stem: `<stem>.ndjson.zst`, one event as JSON per line in one
zstd frame, and `<stem>.json`, the manifest. The manifest is written last: without it there is no
archive. The stem is the name of the day index, with a number behind it from the second archive on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from logboom.errors import ArchiveDamaged

DATA_SUFFIX = ".ndjson.zst"
MANIFEST_SUFFIX = ".json"
DELETED = "deleted"
"""Folder, beside the archives, of those that were deleted and wait for the end of their grace."""

_KIND = "logboom archive"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an archive holds.

    Attributes:
        folder: Where its files are.
        stem: Their name without its ending.
        day: The UTC day of the events.
        index: Name of the day index that they were in.
        events: How many there are.
        first: The earliest event time, as the event has it; None without events.
        last: The latest one.
        size: Bytes of the compressed file.
        sha256: Of the compressed file, hexadecimal.
        content_size: Bytes of the lines.
        content_sha256: Of the lines as they follow each other.
        digest: Of the lines in any order; see `logboom.archive.digest`.
        runs: Events by `log.source`, for the ledger.
        created: When it was made.
        version: The logboom that made it.
        delete_after: It may be deleted from then on; None: it is not deleted.
    """

    folder: Path
    stem: str
    day: date
    index: str
    events: int
    first: str | None
    last: str | None
    size: int
    sha256: str
    content_size: int
    content_sha256: str
    digest: str
    created: str
    version: str
    runs: Mapping[str, int] = field(default_factory=dict)
    delete_after: str | None = None

    @property
    def data(self) -> Path:
        """The compressed file."""
        return self.folder / f"{self.stem}{DATA_SUFFIX}"

    @property
    def path(self) -> Path:
        """The manifest's own file."""
        return self.folder / f"{self.stem}{MANIFEST_SUFFIX}"

    def encode(self) -> bytes:
        """The manifest as JSON for people."""
        content: dict[str, Any] = {
            "kind": _KIND, "format": _FORMAT, "day": self.day.isoformat(), "index": self.index,
            "file": self.data.name, "events": self.events, "first": self.first, "last": self.last,
            "bytes": self.size, "sha256": self.sha256, "content_bytes": self.content_size,
            "content_sha256": self.content_sha256, "content_digest": self.digest,
            "created": self.created, "logboom": self.version, "delete_after": self.delete_after,
            "runs": dict(self.runs),
        }  # fmt: skip
        return orjson.dumps(content, option=orjson.OPT_INDENT_2) + b"\n"


def read_manifest(path: Path) -> Manifest:
    """Reads a manifest.

    Raises:
        ArchiveDamaged: It is none, or is of another format.
        FileNotFoundError: It is not there.
    """
    try:
        found = orjson.loads(path.read_bytes())
        if found["kind"] != _KIND or found["format"] != _FORMAT:
            raise ArchiveDamaged(
                "is an archive of another format", where=str(path), mend="use a newer logboom"
            )
        return Manifest(
            folder=path.parent, stem=path.name.removesuffix(MANIFEST_SUFFIX),
            day=date.fromisoformat(found["day"]), index=str(found["index"]),
            events=int(found["events"]), first=found["first"], last=found["last"],
            size=int(found["bytes"]), sha256=str(found["sha256"]),
            content_size=int(found["content_bytes"]), content_sha256=str(found["content_sha256"]),
            digest=str(found["content_digest"]), created=str(found["created"]),
            version=str(found["logboom"]), runs=dict(found["runs"]),
            delete_after=found["delete_after"],
        )  # fmt: skip
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise ArchiveDamaged(f"is no manifest of an archive: {error}", where=str(path)) from error


def manifests(folder: Path) -> Iterator[Manifest]:
    """The archives in a folder, by their names; files that are none are passed over.

    Raises:
        ArchiveDamaged: A manifest cannot be read.
    """
    for path in manifest_paths(folder):
        yield read_manifest(path)


def manifest_paths(folder: Path) -> list[Path]:
    """The manifests of the archives in a folder, by their names; none when it is not there.

    Raises:
        OSError: The folder cannot be read.
    """
    try:
        names = {path.name for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return []
    data = (name.removesuffix(DATA_SUFFIX) for name in names if name.endswith(DATA_SUFFIX))
    stems = (stem for stem in data if f"{stem}{MANIFEST_SUFFIX}" in names)
    return [folder / f"{stem}{MANIFEST_SUFFIX}" for stem in sorted(stems) if stem[:1] != "."]
