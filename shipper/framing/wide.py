"""How is UTF-16 cut? As UTF-8, with every place translated back into the bytes of the file.

A line feed of UTF-16 is two bytes, and one of them stands in other characters, too. So the text is
written anew in UTF-8, where all ways of framing work, and offsets stay those of the raw bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shipper.framing.frames import INVALID_ENCODING, Frames, Framing

_ODD = b"\xff"
"""Stands for half a unit at the very end."""


class WideFraming:
    """Cuts UTF-16 with a framing for UTF-8.

    Args:
        inner: Cuts UTF-8.
        encoding: `utf-16-le` or `utf-16-be`.
    """

    def __init__(self, inner: Framing, encoding: str) -> None:
        self._inner = inner
        self._encoding = encoding

    def cut(self, buffer: bytes, *, ended: bool) -> Frames:
        """See `Framing.cut`."""
        even = buffer if ended or len(buffer) % 2 == 0 else buffer[:-1]
        text = self._as_utf_8(even)
        cut = self._inner.cut(text, ended=ended)
        places = self._places(text, {*cut.starts, *cut.ends, cut.consumed})
        spans = [(places[s], places[e]) for s, e in zip(cut.starts, cut.ends, strict=True)]
        frames = self.cut_again(buffer, spans)
        frames.lines, frames.empty_lines = cut.lines, cut.empty_lines
        frames.consumed = len(buffer) if ended else places[cut.consumed]
        frames.tags = _merged(cut.tags, frames.tags)
        return frames

    def begin_behind(self, first_line: str) -> None:
        """See `Framing.begin_behind`."""
        self._inner.begin_behind(first_line)

    def cut_again(self, buffer: bytes, spans: Iterable[tuple[int, int]]) -> Frames:
        """See `Framing.cut_again`."""
        frames = Frames(consumed=len(buffer))
        for number, (start, end) in enumerate(spans):
            text = self._as_utf_8(buffer[start:end])
            made = self._inner.cut_again(text, [(0, len(text))])
            frames.texts += made.texts
            frames.lines += made.lines
            frames.starts.append(start)
            frames.ends.append(end)
            if 0 in made.tags:
                frames.tags[number] = made.tags[0]
            if 0 in made.fields:
                frames.fields[number] = made.fields[0]
        return frames

    def _as_utf_8(self, data: bytes) -> bytes:
        """What is no character stays what it is: it is shown and flagged as in UTF-8."""
        whole = len(data) // 2 * 2
        text = data[:whole].decode(self._encoding, "surrogatepass")
        return text.encode("utf-8", "surrogatepass") + (_ODD if whole < len(data) else b"")

    def _places(self, text: bytes, wanted: Iterable[int]) -> dict[int, int]:
        """Places in UTF-8 → places in the raw bytes, never within a character."""
        found: dict[int, int] = {}
        at = raw = 0
        for place in sorted(wanted):
            end = place
            while 0 < end < len(text) and text[end] & 0xC0 == 0x80:
                end -= 1
            piece = text[at:end]
            odd = piece.endswith(_ODD)
            characters = piece[: len(piece) - odd].decode("utf-8", "surrogatepass")
            raw += len(characters.encode(self._encoding, "surrogatepass")) + odd
            at = end
            found[place] = raw
        return found


def _merged(
    cut: dict[int, tuple[str, ...]], again: dict[int, tuple[str, ...]]
) -> dict[int, tuple[str, ...]]:
    """What was found out in cutting, but damage as the bytes of the file have it."""
    numbers: Sequence[int] = sorted({*cut, *again})
    tags: dict[int, tuple[str, ...]] = {}
    for number in numbers:
        marks = tuple(mark for mark in cut.get(number, ()) if mark != INVALID_ENCODING)
        if INVALID_ENCODING in again.get(number, ()):
            marks += (INVALID_ENCODING,)
        if marks:
            tags[number] = marks
    return tags
