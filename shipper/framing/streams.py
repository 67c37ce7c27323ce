"""How is a buffer cut whose lines wrap the lines of several streams?

Each stream is framed on its own, with the same rule as a plain file. An event of one stream may
enclose lines of another: its span reaches from its first to its last line, and its text is made of
its own stream's lines in it. Lines that wrap nothing are events as in a plain file; they never
enclose others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import accumulate, chain
from typing import NamedTuple

from ciso8601 import parse_datetime

from logboom.bounds import TRUNCATED
from shipper.framing.frames import (
    UNTERMINATED,
    Decoder,
    Frames,
    Limits,
    add,
    make_decoder,
)
from shipper.framing.rules import EveryLineRule, Rule, group, split_lines, split_overlong
from shipper.framing.wrappers import Record, Unwrap

_MOST_BETWEEN = 64 * 1024
"""Bytes between two lines of a stream beyond which they are not joined: what is held back for a
stream that says nothing more is bounded by it."""

_LONGEST_PAUSE_S = 5.0
"""So are lines that their wrappers place further apart."""

_MOST_STREAMS = 1000
"""More are not remembered between two buffers."""

_BARE = object()
"""The stream of lines that wrap nothing."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """The physical lines of a buffer; all sequences but `offsets` are equally long.

    Attributes:
        data: The lines with their breaks.
        offsets: First byte of each, and one past the last.
        records: What each holds; None for a line that wraps nothing.
        seconds: When each was written, by its wrapper.
        ends: Whether this is the end of a line in the source, and not a part in the midst of one.
    """

    data: Sequence[bytes]
    offsets: Sequence[int]
    records: Sequence[Record | None]
    seconds: Sequence[float]
    ends: Sequence[bool]


@dataclass(frozen=True, slots=True)
class _Inner:
    """The inner lines of a stream's run of physical lines; all sequences are equally long.

    Attributes:
        texts: In one line each.
        numbers: Of the physical lines of each.
        sizes: Bytes of these.
        is_whole: False when the last one may still get more parts.
    """

    texts: Sequence[bytes]
    numbers: Sequence[Sequence[int]]
    sizes: Sequence[int]
    is_whole: bool


class _Event(NamedTuple):
    """Numbers of the physical lines of one event, ascending; `is_open` while it may go on."""

    numbers: Sequence[int]
    stream: object = None
    first_text: bytes = b""
    is_open: bool = False
    truncated: bool = False


class WrappedFraming:
    """Joins the lines between two begins of an event, stream by stream.

    Args:
        unwrap: Takes the wrapper off a line.
        make_rule: Makes a rule for one stream.
        limits: Bounds, also of physical lines.
        encoding: Of the lines that are not wrapped.
        bare: The rule for these; default: one of their own.
        make_decoder: Makes texts of an encoding; default: as they are.
    """

    def __init__(
        self, unwrap: Unwrap, make_rule: Callable[[], Rule], limits: Limits, encoding: str,
        bare: Rule | None = None, make_decoder: Callable[[str], Decoder] = make_decoder,
    ) -> None:  # fmt: skip
        self._unwrap = unwrap
        self._make_rule = make_rule
        self._limits = limits
        self._decode_bare = make_decoder(encoding)
        self._decode = make_decoder("utf-8")
        self._most_held = 2 * max(limits.max_event_bytes, _MOST_BETWEEN)
        self._rules: dict[object, Rule] = {_BARE: bare or make_rule()}

    def cut(self, buffer: bytes, *, ended: bool) -> Frames:
        """See `Framing.cut`."""
        lines = self._lines(buffer, ended=ended)
        everything = ended or len(buffer) > self._most_held
        events = self._all_events(lines, may_go_on=not everything)
        cut = _clean_cut(events, len(lines.data))
        frames = Frames(consumed=lines.offsets[cut])
        for event in events:
            if event.numbers[0] < cut:
                self._rules[event.stream].learn([event.first_text])
                self._add(frames, lines, event)
        frames.empty_lines = sum(lines.ends[:cut]) - sum(frames.lines)
        if ended and lines.data and not lines.ends[-1]:
            self._end_unterminated(frames, lines)
        if len(self._rules) > _MOST_STREAMS:
            self._rules = {_BARE: self._rules[_BARE]}
        return frames

    def begin_behind(self, first_line: str) -> None:
        """See `Framing.begin_behind`."""
        self._rules[_BARE].learn([first_line.encode("utf-8", "replace")])

    def cut_again(self, buffer: bytes, spans: Iterable[tuple[int, int]]) -> Frames:
        """See `Framing.cut_again`."""
        frames = Frames(consumed=len(buffer))
        for start, end in spans:
            lines = self._lines(buffer[start:end], ended=True)
            first = lines.records[0]
            numbers = [
                number
                for number, record in enumerate(lines.records)
                if first is None or (record is not None and record.stream == first.stream)
            ]
            self._add(frames, lines, _Event(numbers))
            frames.starts[-1], frames.ends[-1] = start, end
        return frames

    def _lines(self, buffer: bytes, *, ended: bool) -> _Lines:
        data = split_overlong(split_lines(buffer), self._limits.max_event_bytes)
        if data and not ended and not data[-1].endswith(b"\n"):
            data.pop()
        records = [self._unwrap(line.rstrip(b"\r\n")) for line in data]
        return _Lines(
            data, [0, *accumulate(map(len, data))], records, list(_seconds(records)),
            [line[-1] == _LINE_FEED for line in data],
        )  # fmt: skip

    def _all_events(self, lines: _Lines, *, may_go_on: bool) -> list[_Event]:
        """The events of all streams, by their first lines."""
        events: list[_Event] = []
        rules = {stream: rule.fork() for stream, rule in self._rules.items()}
        for stream, run, is_last in _runs(lines):
            if stream not in rules:
                self._rules[stream] = EveryLineRule() if stream is None else self._make_rule()
                rules[stream] = self._rules[stream].fork()
            rule = rules[stream]
            found = self._events(lines, stream, run, rule, may_go_on=is_last and may_go_on)
            rule.learn([event.first_text for event in found])
            events += found
        events.sort(key=_first_number)
        return events

    def _events(
        self, lines: _Lines, stream: object, run: Sequence[int], rule: Rule, *, may_go_on: bool
    ) -> list[_Event]:
        """The events of one stream's physical lines."""
        inner = _inner_lines(lines, run, self._limits.max_event_bytes)
        texts, count = inner.texts, len(inner.texts)
        entries = group(texts, inner.sizes, rule, self._limits)
        is_single = count == len(run)
        events = [
            _Event(
                run[first:stop] if is_single else list(chain(*inner.numbers[first:stop])),
                stream, texts[first], is_open=False, truncated=truncated,
            )
            for first, stop, truncated in entries
        ]  # fmt: skip
        if not may_go_on:
            return events
        if events and entries[-1].stop == count:
            first = entries[-1].first
            if not (inner.is_whole and rule.is_complete(b"\n".join(texts[first:]))):
                events[-1] = events[-1]._replace(is_open=True)
        elif not inner.is_whole:
            events.append(_Event(inner.numbers[-1], stream, is_open=True))
        return events

    def _add(self, frames: Frames, lines: _Lines, event: _Event) -> None:
        numbers = event.numbers
        first, last = numbers[0], numbers[-1]
        record = lines.records[first]
        span = (lines.offsets[first], lines.offsets[last + 1])
        if record is None:
            cut = event.truncated or not lines.ends[last]
            text, decode = b"".join(lines.data[first : last + 1]), self._decode_bare
        else:
            cut, decode = event.truncated, self._decode
            text = record.text if first == last else b"".join(_text_parts(lines, numbers))
            frames.fields[len(frames.texts)] = record.fields
        count = sum([lines.ends[number] for number in numbers])
        add(frames, decode, text, span, count, (TRUNCATED,) if cut else ())

    def _end_unterminated(self, frames: Frames, lines: _Lines) -> None:
        """The last line has no line break, and yet is one."""
        for number, end in enumerate(frames.ends):
            if end == lines.offsets[-1]:
                frames.lines[number] += 1
                marks = (mark for mark in frames.tags.get(number, ()) if mark != TRUNCATED)
                frames.tags[number] = (UNTERMINATED, *marks)
                return
        frames.empty_lines += 1


def _first_number(event: _Event) -> int:
    return event.numbers[0]


def _seconds(records: Iterable[Record | None]) -> Iterator[float]:
    """When each record was written, by its wrapper; not a number where that does not say."""
    known, second = "", math.nan
    for record in records:
        time = None if record is None else record.fields.get("@timestamp")
        if not isinstance(time, str):
            yield math.nan
            continue
        if time[:19] != known:
            known, second = time[:19], _second_of(time[:19])
        yield second


def _second_of(text: str) -> float:
    try:
        return parse_datetime(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return math.nan


def _runs(lines: _Lines) -> Iterator[tuple[object, list[int], bool]]:
    """Lines that may be joined: a stream, the numbers of its lines, and whether more may come."""
    open_runs: dict[object, list[int]] = {}
    for number, record in enumerate(lines.records):
        stream = _BARE if record is None else record.stream
        run = open_runs.get(stream)
        if run is None:
            open_runs[stream] = [number]
        elif _apart(lines, run[-1], number, stream):
            yield stream, run, False
            open_runs[stream] = [number]
        else:
            run.append(number)
    last = len(lines.records) - 1
    for stream, run in open_runs.items():
        yield stream, run, run[-1] == last or not _apart(lines, run[-1], last, stream)


def _apart(lines: _Lines, last: int, number: int, stream: object) -> bool:
    """Whether too much stands between two lines of a stream: bytes, or time.

    Args:
        last: Number of the one.
        number: Of the other; or of any later line, to learn whether one may still come.
    """
    if number == last + 1:
        return lines.seconds[number] - lines.seconds[last] > _LONGEST_PAUSE_S
    if stream is _BARE or lines.offsets[number] - lines.offsets[last + 1] > _MOST_BETWEEN:
        return True
    written = lines.seconds[last]
    return any(
        second - written > _LONGEST_PAUSE_S for second in lines.seconds[last + 1 : number + 1]
    )


def _inner_lines(lines: _Lines, run: Sequence[int], limit: int) -> _Inner:
    """Puts physical lines together to inner ones."""
    records = [lines.records[number] for number in run]
    sizes = [len(lines.data[number]) for number in run]
    if records[0] is None:
        texts = [lines.data[number].rstrip(b"\r\n") for number in run]
        return _Inner(texts, [[number] for number in run], sizes, is_whole=True)
    parts = [record.text for record in records if record is not None]
    wholes = [record.whole for record in records if record is not None]
    if b"\n".join(parts).count(b"\n") >= len(parts):
        parts = [part.replace(b"\n", b"\r") for part in parts]
    if all(wholes):
        return _Inner(parts, [[number] for number in run], sizes, is_whole=True)
    return _joined(run, parts, sizes, wholes, limit)


def _joined(
    run: Sequence[int], parts: Sequence[bytes], sizes: Sequence[int], wholes: Sequence[bool],
    limit: int,
) -> _Inner:  # fmt: skip
    """Puts the parts of lines together, as far as an event may have so many bytes."""
    texts: list[list[bytes]] = []
    numbers: list[list[int]] = []
    totals: list[int] = []
    goes_on = False
    for number, part, size, whole in zip(run, parts, sizes, wholes, strict=True):
        if goes_on and totals[-1] + size <= limit + 1:
            texts[-1].append(part)
            numbers[-1].append(number)
            totals[-1] += size
        else:
            texts.append([part])
            numbers.append([number])
            totals.append(size)
        goes_on = not whole
    return _Inner([b"".join(text) for text in texts], numbers, totals, is_whole=not goes_on)


def _text_parts(lines: _Lines, numbers: Sequence[int]) -> Iterator[bytes]:
    """The event's text: what each line holds, and a line break behind every whole one."""
    for number in numbers:
        record = lines.records[number]
        if record is None:
            yield lines.data[number]
        else:
            yield record.text
            if record.whole:
                yield b"\n"


def _clean_cut(events: Sequence[_Event], count: int) -> int:
    """The last line in front of which no event is open, and that no event encloses.

    Args:
        events: By their first lines.
        count: Of all lines.
    """
    cut = min((event.numbers[0] for event in events if event.is_open), default=count)
    for event in reversed(events):
        if event.numbers[0] < cut <= event.numbers[-1]:
            cut = event.numbers[0]
    return cut


_LINE_FEED = 0x0A
