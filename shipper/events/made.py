"""Which events of a buffer are made by now, and what do all of them come to?"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import accumulate, chain
from operator import sub

from logboom.broker.runs import Run
from logboom.native.library import MADE, SUSPECT, Events
from shipper.stamps import STAMP_BYTES, Stamps

_STEP = STAMP_BYTES + 1
_REFUSED = 0


class Made:
    """Events of a buffer by their numbers: those of the compiled part, and others beside them.

    Args:
        events: What the compiled part made. It belongs to this object from now on.
    """

    def __init__(self, events: Events) -> None:
        self._events = events
        self._others: dict[int, bytes] = {}
        self._odd_stamps: dict[int, str] = {}

    @property
    def suspects(self) -> set[int]:
        """Those made by the compiled part of which the line may hold a secret."""
        return self._events.suspects

    def refuse(self, number: int) -> None:
        """An event that the compiled part made is not to be used."""
        self._events.states[number] = _REFUSED

    def left(self) -> list[int]:
        """The numbers of those that are not made yet."""
        states = self._events.states
        if states.count(MADE) == len(states):
            return []
        others = self._others
        return [n for n, state in enumerate(states) if state not in _MADE and n not in others]

    def put(self, number: int, value: bytes, timestamp: str) -> None:
        """One that was left is made now."""
        self._others[number] = value
        if len(timestamp) == STAMP_BYTES:
            place = number * _STEP
            self._events.times[place : place + STAMP_BYTES] = timestamp.encode("latin-1")
        else:
            self._odd_stamps[number] = timestamp

    def run(self, key: bytes) -> Run:
        """All of them as messages."""
        events, others = self._events, self._others
        if not others:
            return Run(key, events.text, events.ends)
        if len(others) == len(events.ends):
            return Run.of(key, [others[number] for number in range(len(others))])
        lengths = list(map(sub, events.ends, chain((0,), events.ends)))
        pieces: list[bytes] = []
        place = 0
        for number, value in sorted(others.items()):
            end = events.ends[number]
            pieces += (events.text[place : end - lengths[number]], value)
            place = end
            lengths[number] = len(value)
        pieces.append(events.text[place:])
        return Run(key, b"".join(pieces), array("I", accumulate(lengths)))

    def stamps(self) -> Sequence[str]:
        """The time of each."""
        stamps = Stamps(bytes(self._events.times))
        if not self._odd_stamps:
            return stamps
        return [self._odd_stamps.get(number, stamp) for number, stamp in enumerate(self._each())]

    def _each(self) -> list[str]:
        return self._events.timestamps


_MADE = (MADE, SUSPECT)
