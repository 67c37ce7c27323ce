"""How do JSON events become ours without being taken apart?

An application writes the same few sets of fields over and over. For each such *shape* (the names of
an object's fields, in their order) it is worked out once where each value goes. From then on an event
of that shape is recognised by a pattern, and made by setting its values, just as they are written,
into a template. Whatever is unusual about an event is left to the normaliser; both make the same
event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import msgspec

from logboom.event import event_ids
from shipper.events.normalise import SMALL_TEXT, SourceContext
from shipper.events.shapes import MOST_NAMES, Shape, ShapeMaker

_LEARN_AFTER = 16
"""Events of a shape that are normalised before it is learnt: working it out takes as long as many."""

_MOST_SHAPES = 32
_MOST_NAMES = 1000


@dataclass(frozen=True, slots=True)
class Spliced:
    """Events of a buffer, by the numbers of their texts.

    Attributes:
        values: Each as JSON; None for those that the normaliser has to look at: they are no
            objects, or unusual in any way.
        timestamps: Of the same events.
    """

    values: list[bytes | None]
    timestamps: list[str]


class Splicer:
    """Makes events of one source's run out of JSON objects.

    Args:
        context: What all of them share.
    """

    def __init__(self, context: SourceContext) -> None:
        self._run = context.run
        self._maker = ShapeMaker(context)
        self._decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
        self._seen: Counter[tuple[str, ...]] = Counter()
        self._shapes: list[Shape] = []

    @property
    def shapes(self) -> Sequence[Shape]:
        """The shapes that are known; another object whenever there is a new one."""
        return self._shapes

    def splice(
        self, texts: Sequence[str], offsets: Sequence[int], *, but: Collection[int], read_text: str
    ) -> Spliced:
        """Makes the events of a buffer, as many as can be.

        Args:
            texts: Whole texts of events.
            offsets: The first byte of each in the source.
            but: Numbers of texts to leave alone: with secrets, or remarkable in another way.
            read_text: When they were read, as ISO 8601 in UTC.
        """
        spliced = Spliced([None] * len(texts), [""] * len(texts))
        rest = [
            number
            for number, text in enumerate(texts)
            if text[:1] == "{"
            and len(text) < SMALL_TEXT
            and number not in but
            and text.count(":") <= MOST_NAMES
        ]
        for shape in tuple(self._shapes):
            if not rest:
                break
            matches = list(map(shape.match, [texts[number] for number in rest]))
            found = [n for n, match in zip(rest, matches, strict=True) if match is not None]
            if found:
                self._shapes.sort(key=lambda other: other is not shape)  # the last used in front
                rows = [match.groups() for match in matches if match is not None]
                places = [offsets[number] for number in found]
                self._fill(spliced, shape, found, (rows, places, read_text))
                rest = [n for n, match in zip(rest, matches, strict=True) if match is None]
        for number in rest:
            self._see(texts[number])
        return spliced

    def _fill(
        self, spliced: Spliced, shape: Shape, numbers: list[int],
        given: tuple[list[tuple[Any, ...]], list[int], str],
    ) -> None:  # fmt: skip
        """Makes the events of one shape: column by column, since that takes half as long."""
        rows, offsets, read_text = given
        columns: list[Iterable[str]] = list(zip(*rows, strict=True))
        unusual: set[int] = set()
        for number, (_, kind) in enumerate(shape.members):
            if kind.fit is None:
                continue
            fitted = list(map(kind.fit, columns[number]))
            unusual.update(row for row, value in enumerate(fitted) if value is None)
            columns[number] = [value or "" for value in fitted]
        ids = event_ids(self._run, offsets)
        timestamps = [value[1:-1] for value in columns[shape.time]]
        columns += (map(str, offsets), ids, repeat(read_text))
        pieces = (repeat(p) if isinstance(p, str) else columns[p] for p in shape.pieces)
        made = map("".join, zip(*pieces, strict=False))
        for row, (number, value, timestamp) in enumerate(
            zip(numbers, made, timestamps, strict=True)
        ):
            if row not in unusual:
                spliced.values[number] = value.encode()
                spliced.timestamps[number] = timestamp

    def _see(self, text: str) -> None:
        """Counts the shapes that come, and learns those that come often."""
        try:
            names = tuple(self._decode(text))
        except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
            return
        if len(self._seen) >= _MOST_NAMES:
            self._seen.clear()  # objects with ever new names: those that come often come again
        self._seen[names] += 1
        if self._seen[names] == _LEARN_AFTER:
            shape = self._maker.make(names)
            if shape is not None:
                self._shapes = [shape, *self._shapes[: _MOST_SHAPES - 1]]
