"""How are many messages held without an object for each of them?"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import overload

from logboom.broker.port import Message


@dataclass(frozen=True, slots=True)
class Run:
    """Messages of one key.

    Attributes:
        key: Theirs.
        text: Their values, one behind the other.
        ends: One past the last byte of each value in the text.
    """

    key: bytes
    text: bytes
    ends: array[int]

    @classmethod
    def of(cls, key: bytes, values: Sequence[bytes]) -> Run:
        """Puts values together."""
        return cls(key, b"".join(values), array("I", accumulate(map(len, values))))

    def __len__(self) -> int:
        """How many there are."""
        return len(self.ends)

    def begin(self, number: int) -> int:
        """Where the value of a message begins in the text."""
        return self.ends[number - 1] if number else 0

    def values(self) -> list[bytes]:
        """The values one by one."""
        text = self.text
        return [text[begin:end] for begin, end in pairwise((0, *self.ends))]


class Runs(Sequence[Message]):
    """Messages as runs; one of them is made when it is asked for.

    Args:
        runs: In order.
    """

    __hash__ = None  # type: ignore[assignment] # as any sequence that is equal to a list

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self.runs: Sequence[Run] = tuple(run for run in runs if len(run))
        self._ends = list(accumulate(map(len, self.runs)))

    def __len__(self) -> int:
        """How many messages there are."""
        return self._ends[-1] if self._ends else 0

    def __iter__(self) -> Iterator[Message]:
        """All messages, in order."""
        for run in self.runs:
            key = run.key
            for value in run.values():
                yield Message(key, value)

    def __eq__(self, other: object) -> bool:
        """Equal to any sequence of the same messages."""
        return isinstance(other, Sequence) and list(self) == list(other)

    @overload
    def __getitem__(self, at: int) -> Message: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Message]: ...
    def __getitem__(self, at: int | slice) -> Message | Sequence[Message]:
        """One message, or some."""
        if isinstance(at, slice):
            return list(self)[at]
        place = range(len(self))[at]
        number = bisect_right(self._ends, place)
        run = self.runs[number]
        within = place - (self._ends[number] - len(run))
        return Message(run.key, run.text[run.begin(within) : run.ends[within]])


class Taken(Sequence[Message]):
    """Messages that were taken from a broker; one of them is made when it is asked for.

    Args:
        keys: Of each.
        values: Of each.
    """

    __hash__ = None  # type: ignore[assignment] # as any sequence that is equal to a list

    def __init__(self, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        self.keys = keys
        self.values = values

    def __len__(self) -> int:
        """How many messages there are."""
        return len(self.values)

    def __eq__(self, other: object) -> bool:
        """Equal to any sequence of the same messages."""
        return isinstance(other, Sequence) and list(self) == list(other)

    @overload
    def __getitem__(self, at: int) -> Message: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Message]: ...
    def __getitem__(self, at: int | slice) -> Message | Sequence[Message]:
        """One message, or some."""
        if isinstance(at, slice):
            return Taken(self.keys[at], self.values[at])
        return Message(self.keys[at], self.values[at])


def values_of(messages: Sequence[Message]) -> Sequence[bytes]:
    """The values of messages, in their order."""
    if isinstance(messages, Taken):
        return messages.values
    return [message.value for message in messages]
