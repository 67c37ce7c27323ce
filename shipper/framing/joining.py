"""How is a buffer cut when an event may have several lines?

A *rule* says of a run of lines which of them begin an event; everything else is common: bounds,
empty lines, the event at the end that may still grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Protocol

from shipper.framing.frames import TRUNCATED, UNTERMINATED, Frames, Limits, append, make_decoder
from shipper.framing.lines import LineFraming


class StartRule(Protocol):
    """Decides where events begin."""

    def starts(self, lines: Sequence[bytes]) -> list[int]:
        """Indices of the lines that begin an event, ascending.

        Args:
            lines: Lines without their line feed; the first one begins an event in any case and is
                always in the answer.
        """
        ...

    def every_line_is_an_event(self, buffer: bytes) -> bool:
        """A cheap look at the whole buffer that can spare the look at each line."""
        ...

    def complete(self, lines: Sequence[bytes]) -> bool:
        """True when the event made of these lines cannot go on with a next line."""
        ...


class JoiningFraming:
    """Joins the lines between two begins of an event."""

    def __init__(self, rule: StartRule, limits: Limits, encoding: str) -> None:
        self._rule = rule
        self._limits = limits
        self._decode = make_decoder(encoding)
        self._lines = LineFraming(limits, encoding)

    def cut(self, buffer: bytes, *, ended: bool) -> Frames:
        """See `Framing.cut`."""
        if self._rule.every_line_is_an_event(buffer):
            return self._lines.cut(buffer, ended=ended)
        frames = Frames()
        cut = buffer.rfind(b"\n") + 1
        lines = buffer[: cut - 1].split(b"\n") if cut else []
        terminated = cut == len(buffer)
        if ended and not terminated:
            lines.append(buffer[cut:])
        if lines:
            self._events(frames, buffer, lines, ended=ended, terminated=terminated)
        self._overlong_rest(frames, buffer)
        return frames

    def _events(
        self, frames: Frames, buffer: bytes, lines: list[bytes], *, ended: bool, terminated: bool
    ) -> None:
        offsets = [0, *(e + n for n, e in enumerate(accumulate(map(len, lines)), 1))]
        offsets[-1] = min(offsets[-1], len(buffer))
        first = _leading_empty(lines)
        frames.empty_lines += first
        frames.consumed = offsets[first]
        if first == len(lines):
            return
        starts = [first + start for start in self._rule.starts(lines[first:] if first else lines)]
        starts.append(len(lines))
        for number in range(len(starts) - 1):
            begin, end = starts[number], starts[number + 1]
            last = end == len(lines)
            if last and not ended and not (terminated and self._rule.complete(lines[begin:end])):
                if end - begin <= self._limits.max_lines:
                    return
                end = begin + self._limits.max_lines
            tags = (UNTERMINATED,) if last and ended and not terminated else ()
            self._event(frames, buffer, offsets, (begin, end), tags)
            frames.consumed = offsets[end]

    def _event(
        self, frames: Frames, buffer: bytes, offsets: list[int], span: tuple[int, int],
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        """Adds the event of the lines of `span`, cut into several where it is over a bound."""
        begin, end = span
        while begin < end:
            stop = min(end, begin + self._limits.max_lines)
            while (
                stop > begin + 1 and offsets[stop] - offsets[begin] > self._limits.max_event_bytes
            ):
                stop = begin + (stop - begin) // 2
            cut_short = stop < end
            marks = (TRUNCATED,) if cut_short else tags
            self._piece(frames, buffer, (offsets[begin], offsets[stop]), stop - begin, marks)
            begin = stop

    def _piece(
        self, frames: Frames, buffer: bytes, span: tuple[int, int], lines: int,
        tags: tuple[str, ...],
    ) -> None:  # fmt: skip
        start, end = span
        limit = self._limits.max_event_bytes
        while end - start > limit + 1:
            append(frames, self._decode, buffer, (start, start + limit), 0, (TRUNCATED,))
            start += limit
        append(frames, self._decode, buffer, (start, end), lines, tags)

    def _overlong_rest(self, frames: Frames, buffer: bytes) -> None:
        """An event without an end in sight must not fill the memory."""
        limit = self._limits.max_event_bytes
        while len(buffer) - frames.consumed > limit:
            start = frames.consumed
            newline = buffer.rfind(b"\n", start, start + limit) + 1
            end = newline if newline > start else start + limit
            lines = buffer.count(b"\n", start, end)
            append(frames, self._decode, buffer, (start, end), lines, (TRUNCATED,))
            frames.consumed = end


def _leading_empty(lines: Sequence[bytes]) -> int:
    for number, line in enumerate(lines):
        if line.strip():
            return number
    return len(lines)
