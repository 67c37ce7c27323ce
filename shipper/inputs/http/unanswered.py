"""Which requests were appended to a spool, but not answered with success yet?

A client whose answer got lost sends the same body again. What is remembered here says that its
records are in the spool already, so that they are not appended twice; also after a crash. Every
append is spent by exactly one answer: two clients that send the same are never taken for one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from logboom.clock import Clock
from shipper.framing.spooled import SUFFIX
from shipper.inputs.spool import Receipt

log = logging.getLogger("logboom.shipper")

KEEP_S = 3600
"""A client that has not come again for so long is not waited for any more."""
_REWRITE_BYTES = 2**20
_MOST = 10_000
_SECOND_NS = 1_000_000_000


@dataclass(slots=True, eq=False)
class Appended:
    """The records of one request that are in the spool.

    Attributes:
        digest: Of the request.
        at_ns: When they were appended, ns since the epoch.
        size: Bytes of them that are there; a crash may have left a part of them.
        receipts: Where they end.
        claimed: True while a request waits for their acknowledgement.
    """

    digest: str
    at_ns: int
    size: int = 0
    receipts: list[Receipt] = field(default_factory=list)
    claimed: bool = True


class Unanswered:
    """A journal beside a spool.

    Args:
        folder: The spool's.
        clock: Says how old an entry is.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._path = folder / "requests.journal"
        self._clock = clock
        self._entries: dict[str, list[Appended]] = {}
        self._last: Receipt | None = None
        self._beginning: dict[str, Any] | None = None
        self._descriptor = -1
        self._written = 0

    def open(self, current: Path | None) -> None:
        """Reads what earlier runs have left.

        Args:
            current: The spool's file of this run, to which nothing was appended yet.

        Raises:
            OSError: When the journal cannot be read or written.
        """
        if self._path.exists():
            for line in self._path.read_bytes().splitlines():
                self._replay(line)
        self._resolve(current)
        for entries in self._entries.values():
            for entry in entries:
                entry.claimed = False
        self._rewrite()

    def close(self) -> None:
        """Lets go of the journal."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def claim(self, digest: str) -> Appended | None:
        """Takes an append whose request got no answer; None when there is none."""
        oldest_ns = self._clock.now_ns() - KEEP_S * _SECOND_NS
        for entry in self._entries.get(digest, ()):
            if not entry.claimed and entry.at_ns >= oldest_ns:
                entry.claimed = True
                return entry
        return None

    def begin(self, digest: str, size: int, entry: Appended | None) -> Appended:
        """Says that records are about to be appended.

        Args:
            digest: Of the request.
            size: Bytes of the records.
            entry: What a crash has left of the same request, to be completed.

        Raises:
            OSError: When that cannot be written.
        """
        at_ns = self._clock.now_ns()
        self._write({"begin": digest, "size": size, "at": at_ns, "more": entry is not None})
        return entry or Appended(digest, at_ns)

    def appended(self, entry: Appended, size: int, receipt: Receipt) -> None:
        """Says that they were.

        Raises:
            OSError: When that cannot be written; it is found out after a crash all the same.
        """
        self._last = receipt
        self._add(entry, size, receipt)
        self._write(_line_of(entry, size, receipt, more=len(entry.receipts) > 1))

    def failed(self) -> None:
        """Says that they could not be.

        Raises:
            OSError: When that cannot be written.
        """
        self._write({"failed": True})

    def release(self, entry: Appended) -> None:
        """Its request ended without an answer of success."""
        entry.claimed = False

    def answered(self, entry: Appended) -> None:
        """Its request was answered with success: the same body is new from now on.

        Raises:
            OSError: When that cannot be written; it is forgotten only in this run then.
        """
        self._remove(entry)
        self._write({"answered": entry.digest, "at": entry.at_ns})
        if self._written > _REWRITE_BYTES:
            self._rewrite()

    def _add(self, entry: Appended, size: int, receipt: Receipt) -> None:
        if not entry.receipts:
            self._entries.setdefault(entry.digest, []).append(entry)
        entry.size += size
        entry.receipts.append(receipt)

    def _remove(self, entry: Appended) -> None:
        entries = self._entries.get(entry.digest, [])
        if entry in entries:
            entries.remove(entry)
        if not entries:
            self._entries.pop(entry.digest, None)

    def _write(self, content: dict[str, Any]) -> None:
        line = orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
        os.write(self._descriptor, line)
        self._written += len(line)

    def _rewrite(self) -> None:
        """Keeps what still counts."""
        oldest_ns = self._clock.now_ns() - KEEP_S * _SECOND_NS
        living = sorted(self._all(), key=lambda entry: entry.at_ns)
        kept = [e for e in living if e.claimed or e.at_ns >= oldest_ns][-_MOST:]
        self._entries = {}
        lines: list[dict[str, Any]] = []
        for entry in kept:
            self._entries.setdefault(entry.digest, []).append(entry)
            for number, receipt in enumerate(entry.receipts):
                size = entry.size if number == 0 else 0
                lines.append(_line_of(entry, size, receipt, more=number > 0))
        if self._last is not None:
            lines.append({"last": self._last.path, "end": self._last.end})
        draft = self._path.with_suffix(".draft")
        draft.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
        draft.chmod(0o600)
        draft.replace(self._path)
        self.close()
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._written = 0

    def _all(self) -> Iterator[Appended]:
        for entries in self._entries.values():
            yield from entries

    def _replay(self, line: bytes) -> None:
        try:
            content = orjson.loads(line)
        except orjson.JSONDecodeError:
            log.warning("%s: a torn line is left out", self._path)
            return
        match content:
            case {"begin": str()}:
                self._beginning = content
            case {"appended": str(digest), "at": int(at), "size": int(size),
                  "path": str(path), "end": int(end), "more": bool(more)}:  # fmt: skip
                self._beginning = None
                self._last = Receipt(path, end)
                self._add(self._entry(digest, at, more=more), size, self._last)
            case {"answered": str(digest), "at": int(at)}:
                self._remove(self._entry(digest, at, more=True))
            case {"failed": True}:
                self._beginning = None
            case {"last": str(path), "end": int(end)}:
                self._last = Receipt(path, end)
            case _:
                log.warning("%s: an unknown line is left out", self._path)

    def _entry(self, digest: str, at_ns: int, *, more: bool) -> Appended:
        known = [e for e in self._entries.get(digest, ()) if e.at_ns == at_ns]
        return known[0] if more and known else Appended(digest, at_ns)

    def _resolve(self, current: Path | None) -> None:
        """Finds out how much of the append that a crash interrupted is in the spool."""
        beginning, self._beginning = self._beginning, None
        earlier = [p for p in sorted(self._folder.glob(f"*{SUFFIX}")) if p != current]
        if beginning is None or not earlier:
            return
        newest = earlier[-1]
        last = self._last
        base = last.end if last is not None and last.path == str(newest) else 0
        size = min(beginning["size"], newest.stat().st_size - base)
        if size > 0:
            digest, at_ns = beginning["begin"], beginning["at"]
            entry = self._entry(digest, at_ns, more=beginning["more"])
            self._last = Receipt(str(newest), base + size)
            self._add(entry, size, self._last)


def _line_of(entry: Appended, size: int, receipt: Receipt, *, more: bool) -> dict[str, Any]:
    return {
        "appended": entry.digest, "at": entry.at_ns, "size": size,
        "path": receipt.path, "end": receipt.end, "more": more,
    }  # fmt: skip
