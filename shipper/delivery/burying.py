"""Where does an event go that the broker will never take? To the dead letters, with its span."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from logboom.broker import Message
from logboom.clock import Clock
from logboom.dead import DeadLetters, Letter, LetterHead
from logboom.event import IndexDays
from shipper.batches import Batch, Segment


@dataclass(frozen=True, slots=True)
class _Grave:
    """A letter, and the segment of the batch whose event it is, by its number."""

    letter: Letter
    segment: int


class Burial:
    """Buries events of batches.

    Args:
        letters: Where they are kept.
        days: Decides on the day of an event.
        path_of: The path of a source, by its id.
        clock: For the time of the refusal.
    """

    def __init__(
        self, letters: DeadLetters, days: IndexDays, path_of: Callable[[str], str], clock: Clock
    ) -> None:
        self._letters = letters
        self._days = days
        self._path_of = path_of
        self._clock = clock

    async def bury(self, batch: Batch, reasons: Mapping[int, str]) -> Batch:
        """Keeps events as they were to be sent first, and takes them out of what is acknowledged.

        Args:
            batch: As it was assembled.
            reasons: Position of an event's message in the batch → why it is refused.

        Returns:
            The batch as it is to be settled: with these lines among the dead.

        Raises:
            LogboomError: They cannot be kept now; bury them again later.
        """
        graves = [
            self._grave(batch, batch.messages[p], reason) for p, reason in sorted(reasons.items())
        ]
        await asyncio.to_thread(self._letters.bury, [grave.letter for grave in graves])
        segments = [
            _without(segment, [g.letter.head for g in graves if g.segment == number])
            for number, segment in enumerate(batch.segments)
        ]
        kept = [m for position, m in enumerate(batch.messages) if position not in reasons]
        return replace(batch, segments=segments, messages=kept)

    async def withdraw(self, batch: Batch) -> None:
        """Takes letters back whose events were acknowledged after all: the batch was sent again.

        Raises:
            LogboomError: It cannot be done now; try again later.
        """
        if self._letters.path.exists():
            names = [str(orjson.loads(m.value)["event"]["id"]) for m in batch.messages]
            await asyncio.to_thread(self._letters.withdraw, names)

    def _grave(self, batch: Batch, message: Message, reason: str) -> _Grave:
        event = orjson.loads(message.value)
        about, offset = event["event"], int(event["log"]["offset"])
        run = message.key.decode()
        number, segment = next(
            (n, s)
            for n, s in enumerate(batch.segments)
            if s.run == run and s.start <= offset < s.end
        )
        place = bisect_right(segment.starts, offset - segment.start) - 1
        known = len(segment.event_lines) == len(segment.starts)
        lines = segment.event_lines[place] if known else _lines_of(event)
        head = LetterHead(
            event=about["id"], part="shipper", reason=reason, run=run, source=segment.source,
            path=self._path_of(segment.source), start=offset, end=segment.start + segment.ends[place],
            lines=lines, day=self._days.day(event["@timestamp"], about["created"])[0],
            at_ns=self._clock.now_ns(), size=len(message.value),
        )  # fmt: skip
        return _Grave(Letter(head, message.value), number)


def _lines_of(event: dict[str, object]) -> int:
    """About how many lines an event had of which nothing but its text is known."""
    return str(event.get("message", "")).count("\n") + 1


def _without(segment: Segment, heads: Sequence[LetterHead]) -> Segment:
    if not heads:
        return segment
    lines = min(segment.lines, sum(head.lines for head in heads))
    gone = Counter(head.day for head in heads)
    days = {day: events - gone[day] for day, events in segment.days.items()}
    return replace(
        segment, lines=segment.lines - lines, days=days, dead_lines=segment.dead_lines + lines
    )
