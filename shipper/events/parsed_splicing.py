"""How do the fields that a parser found become an event without being placed one by one?

They are written as an object in JSON, and go the way of those (`shipper.events.splicing`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import tzinfo
from itertools import accumulate

import orjson

from logboom.native.library import Events
from shipper.events.made import Made
from shipper.events.native_splicing import NativeSplicer
from shipper.events.placing import timestamp_text
from shipper.events.splicing import Splicer
from shipper.parsers.port import Fields
from shipper.redaction.redact import Redactor

_MOST_REMEMBERED = 1024
_YEAR_AND_MILLISECONDS = re.compile(r"[0-9]{4}-.{4,60}[.,][0-9]{3}").fullmatch


class ParsedSplicer:
    """Makes events of one source's run out of parsers' fields.

    Args:
        splicer: Learns shapes, and makes what the compiled part does not.
        native: The compiled part, where there is one.
        redactor: Says which of them may hold a secret: those are left alone.
        zone: Of times that name none.
    """

    def __init__(
        self, splicer: Splicer, native: NativeSplicer | None, redactor: Redactor, zone: tzinfo
    ) -> None:
        self._splicer = splicer
        self._native = native
        self._redactor = redactor
        self._times = _Times(zone)

    def splice(
        self, parsed: Sequence[Fields | None], offsets: Sequence[int], *, but: Collection[int],
        read_ns: int, read_text: str,
    ) -> Made:  # fmt: skip
        """Makes the events of a buffer, as many as can be.

        Args:
            parsed: What the parser found in each text.
            offsets: The first byte of each in the source, ascending.
            but: Numbers of texts to leave alone.
            read_ns: When they were read.
            read_text: The same as ISO 8601 in UTC.
        """
        lines = [
            b"" if fields is None or number in but else self._line(fields, read_ns)
            for number, fields in enumerate(parsed)
        ]
        made = self._natively(lines, offsets, read_text)
        for number in self._with_secrets(lines, sorted(made.suspects)):
            made.refuse(number)
            lines[number] = b""
        left = [number for number in made.left() if lines[number]]
        if left:
            texts = [lines[number].decode() for number in left]
            suspects = self._redactor.suspects(texts)
            at = [offsets[number] for number in left]
            spliced = self._splicer.splice(texts, at, but=suspects, read_text=read_text)
            for number, value, stamp in zip(left, spliced.values, spliced.timestamps, strict=True):
                if value is not None:
                    made.put(number, value, stamp)
        return made

    def _with_secrets(self, lines: Sequence[bytes], likely: Sequence[int]) -> list[int]:
        texts = [lines[number].decode() for number in likely]
        return [likely[place] for place in self._redactor.suspects(texts)]

    def _line(self, fields: Fields, read_ns: int) -> bytes:
        """The fields as JSON, with the time as we write it; nothing when they are unusual."""
        stamp = fields.get("@timestamp")
        moment = self._times.read(stamp, read_ns) if type(stamp) is str else None
        if moment is None:
            return b""
        try:
            line = orjson.dumps({**fields, "@timestamp": moment})
        except TypeError:
            return b""
        return b"" if b":null" in line else line  # NaN and infinity, perhaps

    def _natively(
        self, lines: Sequence[bytes], offsets: Sequence[int], read_text: str
    ) -> Made:  # fmt: skip
        """What the compiled part can make."""
        shapes = self._splicer.shapes
        if self._native is None or not shapes or not lines:
            return Made(Events.none(len(lines)))
        ends = list(accumulate(map(len, lines)))
        base = offsets[0]
        return Made(
            self._native.splice(
                b"".join(lines), ([0, *ends[:-1]], ends), shapes, but=(), offset=base,
                read_text=read_text, places=[offset - base for offset in offsets],
            )
        )  # fmt: skip


class _Times:
    """Reads times, remembering the seconds: what follows one is most often of the same."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._seconds: dict[str, str | None] = {}

    def read(self, text: str, read_ns: int) -> str | None:
        """A time as ISO 8601 in UTC; None when it is none, or can be two instants."""
        if _YEAR_AND_MILLISECONDS(text) is None:
            return timestamp_text(text, self._zone, read_ns)
        second, fraction = text[:-4], text[-3:]
        try:
            known = self._seconds[second]
        except KeyError:
            known = self._learn(second, read_ns)
        return None if known is None else f"{known}.{fraction}Z"

    def _learn(self, second: str, read_ns: int) -> str | None:
        whole = timestamp_text(f"{second}.000", self._zone, read_ns)
        known = whole[:-5] if whole is not None and whole.endswith(".000Z") else None
        if len(self._seconds) >= _MOST_REMEMBERED:
            self._seconds.clear()
        self._seconds[second] = known
        return known
