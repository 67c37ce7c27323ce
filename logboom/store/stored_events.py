"""How are events handed on as they are stored, and read only where somebody looks into them?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

import orjson

from logboom.event import Event, encode_event

Line = tuple[str, bytes]
"""An event's id, and what the store has written down of it."""


def with_id(name: str, line: bytes, read: Callable[[bytes], Event]) -> bytes:
    """The event of a line as JSON with the document's id in front, as `_id`.

    Args:
        name: The document's id.
        line: What is stored; an event's JSON is not taken apart.
        read: Gives the event of a line.
    """
    if line.startswith(b'{"') and b'"_id"' not in line:
        return b'{"_id":%b,%b' % (orjson.dumps(name), line[1:])
    return encode_event({"_id": name, **read(line)}).lstrip()


class StoredEvents(Sequence[Event]):
    """Events of a page; all of them are read when the first one is looked at.

    Args:
        lines: In their order.
        read: Gives the event of a line.
    """

    def __init__(self, lines: Sequence[Line], read: Callable[[bytes], Event]) -> None:
        self._lines = lines
        self._read = read
        self._events: list[Event] | None = None

    def texts(self) -> Iterator[bytes]:
        """Each event as JSON, its id in front as `_id`."""
        return (with_id(name, line, self._read) for name, line in self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if isinstance(index, slice):
            return StoredEvents(self._lines[index], self._read)
        return self._all()[index]

    def __iter__(self) -> Iterator[Event]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def _all(self) -> list[Event]:
        if self._events is None:
            self._events = [self._read(line) for _, line in self._lines]
        return self._events
