"""How are events handed on as they are stored, and read only where somebody looks into them?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar, overload

import orjson

from logboom.event import Event, encode_event

Found = TypeVar("Found")


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


def joined_with_ids(
    names: Iterable[str], lines: Sequence[bytes], read: Callable[[bytes], Event]
) -> bytes:
    """What `with_id` makes of each of many, with commas between.

    Args:
        names: The documents' ids.
        lines: What is stored.
        read: Gives the event of a line.
    """
    if b'"_id"' in b"".join(lines) or not all(line.startswith(b'{"') for line in lines):
        return b",".join(with_id(name, line, read) for name, line in zip(names, lines, strict=True))
    dumps = orjson.dumps
    return b",".join(
        [b'{"_id":%b,%b' % (dumps(name), line[1:]) for name, line in zip(names, lines, strict=True)]
    )


class StoredEvents(Sequence[Event], Generic[Found]):
    """Events of a page; all of them are read when the first one is looked at.

    Args:
        found: What the store has found, in its order.
        text: Makes of one what is answered: the event as JSON, with the document's id in front, as `_id`.
        read: Makes of one the event.
        joined: Makes of many what `text` makes of each, with commas between; None: one by one.
    """

    def __init__(
        self, found: Sequence[Found], text: Callable[[Found], bytes], read: Callable[[Found], Event],
        joined: Callable[[Sequence[Found]], bytes | memoryview] | None = None,
    ) -> None:  # fmt: skip
        self._found = found
        self._text = text
        self._read = read
        self._joined = joined
        self._events: list[Event] | None = None

    def texts(self) -> Iterator[bytes]:
        """Each event as JSON, its id in front as `_id`."""
        return map(self._text, self._found)

    def list_text(self) -> bytes:
        """All events as a list in JSON, each as `texts` has it."""
        joined = b",".join(self.texts()) if self._joined is None else self._joined(self._found)
        return b"".join((b"[", joined, b"]"))

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        if isinstance(index, slice):
            return StoredEvents(self._found[index], self._text, self._read, self._joined)
        return self._all()[index]

    def __iter__(self) -> Iterator[Event]:
        return iter(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._all() == list(other)

    __hash__ = None  # type: ignore[assignment]

    def _all(self) -> list[Event]:
        if self._events is None:
            self._events = [self._read(one) for one in self._found]
        return self._events
