"""How is the compiled part told what `shipper.events.splicing` has learnt?"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from operator import sub

from logboom.levels import LEVEL_NAMES, level_of
from logboom.native import Library
from logboom.native.library import Events, Lines
from shipper.events.normalise import SourceContext
from shipper.events.shapes import MOST_NAMES, Kind, Shape


class NativeSplicer:
    """Makes events of one source's run out of JSON lines of known shapes.

    Args:
        library: The compiled part.
        context: What all events share.
        automaton: Looks for hints of secrets.
    """

    def __init__(self, library: Library, context: SourceContext, automaton: bytes) -> None:
        self._library = library
        self._run = context.run
        self._automaton = automaton
        self._shapes: Sequence[Shape] = ()
        self._program = b""

    def splice(
        self, buffer: bytes, spans: tuple[Sequence[int], Sequence[int]], shapes: Sequence[Shape], *,
        but: Collection[int], offset: int, read_text: str, places: Sequence[int] | None = None,
    ) -> Events:  # fmt: skip
        """Makes the events of a buffer, as many as can be.

        Args:
            buffer: Text in UTF-8.
            spans: Starts and ends of lines in the buffer.
            shapes: Those that are known.
            but: Numbers of lines to leave alone.
            offset: Where the buffer begins in the source.
            places: Where each event begins behind `offset`; where its line does, by default.
            read_text: When it was read, as ISO 8601 in UTC.
        """
        if shapes is not self._shapes:
            self._shapes, self._program = shapes, _program(shapes)
        starts, ends = spans
        left = bytearray(len(starts))
        for number in chain(but, _crowded(buffer, starts, ends)):
            left[number] = _LEAVE
        begins = array("I", starts)
        at = begins if places is None else array("I", places)
        lines = Lines(buffer, begins, array("I", ends), at, left)
        return self._library.splice(
            lines, self._program, self._automaton, run=self._run, created=read_text, offset=offset
        )

    def suspects(self, buffer: bytes, spans: tuple[Sequence[int], Sequence[int]]) -> list[int]:
        """The numbers of lines that may hold a secret.

        Args:
            buffer: Text in UTF-8.
            spans: Starts and ends of lines in the buffer.
        """
        starts, ends = array("I", spans[0]), array("I", spans[1])
        lines = Lines(buffer, starts, ends, starts, bytearray())
        found = self._library.suspects(lines, self._automaton)
        return [number for number, state in enumerate(found) if state] if any(found) else []


_LEAVE = 255
_CROWDED_BYTES = MOST_NAMES * len(b'"a":1,')


def _crowded(buffer: bytes, starts: Sequence[int], ends: Sequence[int]) -> list[int]:
    """The numbers of lines that may have more names than a usual one."""
    if max(map(sub, ends, starts), default=0) <= _CROWDED_BYTES:
        return []
    return [
        number
        for number, (begin, end) in enumerate(zip(starts, ends, strict=True))
        if end - begin > _CROWDED_BYTES and buffer.count(b'":', begin, end) > MOST_NAMES
    ]


def _program(shapes: Sequence[Shape]) -> bytes:
    return _levels() + _count(len(shapes)) + b"".join(map(_shape, shapes))


def _shape(shape: Shape) -> bytes:
    members = b"".join(_member(name, kind) for name, kind in shape.members)
    pieces = b"".join(map(_piece, shape.pieces))
    counted = _count(len(shape.members)) + members + _count(len(shape.pieces)) + pieces
    return counted + _count(shape.time)


def _member(name: str, kind: Kind) -> bytes:
    return struct.pack("<BQ", kind.sort, kind.factor) + _text(name)


def _piece(piece: str | int) -> bytes:
    return b"\0" + _text(piece) if isinstance(piece, str) else b"\1" + _count(piece)


@lru_cache(maxsize=1)
def _levels() -> bytes:
    """All usual spellings of levels, and what stands in the event for them; as JSON, sorted."""
    names = [spelt for name in LEVEL_NAMES for spelt in (name, name.upper(), name.title())]
    spellings: dict[str, object] = {f'"{name}"': name for name in names}
    spellings |= {str(number): number for number in range(10, 61, 10)}
    pairs = [(spelling, level_of(value) or "") for spelling, value in spellings.items()]
    known = [_text(spelling) + _text(f'"{level}"') for spelling, level in sorted(pairs) if level]
    return _count(len(known)) + b"".join(known)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _count(len(encoded)) + encoded


def _count(number: int) -> bytes:
    return struct.pack("<I", number)
