"""How is an export put together from pieces, so that it can be gone on with after a break?

What has arrived is in `FILE.part`; `FILE.part.json` tells how much of that is whole, behind which event
to go on, and what the times of the question meant. FILE itself is there only when it is complete.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO, Literal

from logboom.errors import UsageError

Form = Literal["ndjson", "csv"]

_NEWLINE = b"\n"


@dataclass(slots=True)
class Progress:
    """How far an export has come.

    Attributes:
        asked: The parameters as the user gave them.
        events: That have arrived.
        size: Bytes of them.
        last: Id of the last one; None: none has arrived.
        times: `from` and `to` as instants, as far as the API has told them.
    """

    asked: dict[str, str | None]
    events: int = 0
    size: int = 0
    last: str | None = None
    times: dict[str, str] = field(default_factory=dict)


class Rows:
    """Cuts what arrives into whole rows. Empty lines between them are signs of life, and left out.

    Args:
        form: `ndjson` or `csv`; a row of the latter may have line breaks between quotation marks.
        has_header: The first row names the columns.
    """

    def __init__(self, form: Form, *, has_header: bool) -> None:
        self._form = form
        self._has_header = has_header and form == "csv"
        self._rest = b""

    def take(self, piece: bytes, progress: Progress) -> bytes:
        """The rows that are whole now; the progress is told of them."""
        held = self._rest + piece
        end = self._end(held)
        self._rest = held[end:]
        lines, count, last = self._whole(held[:end])
        if not lines:
            return b""
        rows = _NEWLINE.join(lines) + _NEWLINE
        if self._has_header:
            self._has_header = False
            count -= 1
        progress.events += count
        progress.size += len(rows)
        if count:
            progress.last = self._id(last)
        return rows

    def _end(self, held: bytes) -> int:
        """Where the last whole row ends."""
        end = held.rfind(_NEWLINE) + 1
        while end and self._form == "csv" and held.count(b'"', 0, end) % 2:
            end = held.rfind(_NEWLINE, 0, end - 1) + 1
        return end

    def _whole(self, rows: bytes) -> tuple[list[bytes], int, bytes]:
        """The lines of whole rows without signs of life, how many rows they are, and the last of them."""
        lines = rows[:-1].split(_NEWLINE)
        if self._form == "ndjson":
            kept = [line for line in lines if line]
            return kept, len(kept), kept[-1] if kept else b""
        kept, count, is_open, last = [], 0, False, b""
        for line in lines:
            if not is_open:
                if line in {b"", b"\r"}:
                    continue
                count, last = count + 1, line
            kept.append(line)
            is_open ^= line.count(b'"') % 2 == 1
        return kept, count, last

    def _id(self, row: bytes) -> str:
        if self._form == "ndjson":
            return str(json.loads(row)["_id"])
        return row.split(b",", 1)[0].rstrip(b"\r").strip(b'"').decode()


class Part:
    """A file that an export is written to, bit by bit.

    Args:
        file: Where the whole of it is to be in the end.
        asked: The parameters as the user gave them.

    Raises:
        UsageError: The file is there already, or a part of another export.
    """

    def __init__(self, file: Path, asked: Mapping[str, str | None]) -> None:
        if file.exists():
            raise UsageError("there is a file already", where=str(file), mend="name another one")
        self._file = file
        self._part = file.with_name(f"{file.name}.part")
        self._note = file.with_name(f"{file.name}.part.json")
        self.progress = self._noted(dict(asked)) or Progress(dict(asked))
        self._out = self._opened()

    @property
    def sink(self) -> BinaryIO:
        """Where rows go."""
        return self._out

    def note(self) -> None:
        """Makes durable what has arrived, and writes down how far it is."""
        self._out.flush()
        os.fsync(self._out.fileno())
        new = self._note.with_name(f"{self._note.name}.new")
        new.write_text(json.dumps(asdict(self.progress)), encoding="utf-8")
        new.replace(self._note)

    def finish(self) -> None:
        """Gives the file its name: it is complete."""
        self.note()
        self._out.close()
        self._part.replace(self._file)
        self._note.unlink()

    def close(self) -> None:
        """Lets go of the file, to go on with it another time. Idempotent."""
        if not self._out.closed:
            self.note()
            self._out.close()

    def _noted(self, asked: dict[str, str | None]) -> Progress | None:
        try:
            found = Progress(**json.loads(self._note.read_text(encoding="utf-8")))
            size = self._part.stat().st_size
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise UsageError(
                f"cannot be read: {error}", where=str(self._note), mend="delete it to begin anew"
            ) from error
        found.asked.setdefault("tz", "UTC")  # was not written down before there was a choice
        if found.asked != asked:
            raise UsageError(
                "is of an export of something else", where=str(self._part),
                mend="delete it, or name another file",
            )  # fmt: skip
        return found if size >= found.size else None

    def _opened(self) -> BufferedRandom:
        out = self._part.open("r+b" if self._part.exists() else "w+b")
        out.truncate(self.progress.size)
        out.seek(self.progress.size)
        return out
