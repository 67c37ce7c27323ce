"""How are events handed on as they are stored, and read only where somebody looks into them?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from logboom.event import Event

Line = tuple[str, bytes]
"""An event's id, and what the store has written down of it."""


class StoredEvents(Sequence[Event]):
    """Events of a page; all of them are read when the first one is looked at.

    Args:
        lines: In their order.
        read: Gives the event of a line.
        write: Gives an event's JSON with its id in front, as `_id`, of the id and the line.
    """

    def __init__(
        self, lines: Sequence[Line], read: Callable[[bytes], Event],
        write: Callable[[str, bytes], bytes],
    ) -> None:  # fmt: skip
        self._lines = lines
        self._read = read
        self._write = write
        self._events: list[Event] | None = None

    def texts(self) -> Iterator[bytes]:
        """Each event as JSON, its id in front as `_id`."""
        return (self._write(name, line) for name, line in self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if isinstance(index, slice):
            return StoredEvents(self._lines[index], self._read, self._write)
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
