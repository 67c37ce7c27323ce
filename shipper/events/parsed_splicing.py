"""How do events that are written as lines anew become ours without being placed field by field?

The fields that a parser found are written as an object (`shipper.events.lines`), and go the way of JSON
objects (`shipper.events.splicing`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from logboom.native.library import Events
from shipper.events.made import Made
from shipper.events.native_splicing import NativeSplicer
from shipper.events.splicing import Splicer
from shipper.redaction.redact import Redactor


class ParsedSplicer:
    """Makes events of one source's run out of lines that were written for it.

    Args:
        splicer: Learns shapes, and makes what the compiled part does not.
        native: The compiled part, where there is one.
        redactor: Says which of them may hold a secret: those are left alone.
    """

    def __init__(self, splicer: Splicer, native: NativeSplicer | None, redactor: Redactor) -> None:
        self._splicer = splicer
        self._native = native
        self._redactor = redactor

    def splice(self, lines: list[bytes], offsets: Sequence[int], *, read_text: str) -> Made:
        """Makes the events of a buffer, as many as can be.

        Args:
            lines: An object for each event; an empty one for those to be left alone.
            offsets: The first byte of each event in the source, ascending.
            read_text: When they were read, as ISO 8601 in UTC.
        """
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

    def _natively(self, lines: Sequence[bytes], offsets: Sequence[int], read_text: str) -> Made:
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
