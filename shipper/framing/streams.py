"""How is a buffer cut whose lines wrap the lines of several streams?

Each stream is framed on its own, with the same rule as a plain file. An event of one stream may
enclose lines of another: its span reaches from its first to its last line, and its text is made of
its own stream's lines in it. Lines that wrap nothing are events as in a plain file; they never
enclose others.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC
from itertools import accumulate

from ciso8601 import parse_datetime

from shipper.framing.frames import TRUNCATED, UNTERMINATED, Frames, Limits, add, make_decoder
from shipper.framing.rules import EveryLineRule, Rule, group, split_lines, split_overlong
from shipper.framing.wrappers import Record, Unwrap

_MOST_BETWEEN = 64 * 1024
"""Bytes between two lines of a stream beyond which they are not joined: what is held back for a
stream that says nothing more is bounded by it."""

_LONGEST_PAUSE_S = 5.0
"""So are lines that their wrappers place further apart."""

_BARE = object()
"""The stream of lines that wrap nothing."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """The physical lines of a buffer.

    Attributes:
        data: The lines with their breaks.
        offsets: First byte of each, and one past the last.
        records: What each holds; None for a line that wraps nothing.
    """

    data: Sequence[bytes]
    offsets: Sequence[int]
    records: Sequence[Record | None]


@dataclass(frozen=True, slots=True)
class _Event:
    """Numbers of the physical lines of one event, ascending; `is_open` while it may go on."""

    numbers: Sequence[int]
    stream: object = None
    text: bytes = b""
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
    """

    def __init__(
        self, unwrap: Unwrap, make_rule: Callable[[], Rule], limits: Limits, encoding: str,
        bare: Rule | None = None,
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
        events: list[_Event] = []
        rules = {stream: rule.fork() for stream, rule in self._rules.items()}
        for stream, run, is_last in _runs(lines):
            if stream not in rules:
                self._rules[stream] = EveryLineRule() if stream is None else self._make_rule()
                rules[stream] = self._rules[stream].fork()
            may_go_on = is_last and not everything
            found = list(self._events(lines, stream, run, rules[stream], may_go_on=may_go_on))
            rules[stream].learn([event.text for event in found])
            events += found
        events.sort(key=lambda event: event.numbers[0])
        cut = _clean_cut(events, len(lines.data))
        frames = Frames(consumed=lines.offsets[cut])
        for event in events:
            if event.numbers[0] < cut:
                self._rules[event.stream].learn([event.text])
                self._add(frames, lines, event)
        frames.empty_lines = sum(map(_counts, lines.data[:cut])) - sum(frames.lines)
        if ended and lines.data and not _counts(lines.data[-1]):
            self._end_unterminated(frames, lines)
        return frames

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
        return _Lines(data, [0, *accumulate(map(len, data))], records)

    def _events(
        self, lines: _Lines, stream: object, run: Sequence[int], rule: Rule, *, may_go_on: bool
    ) -> Iterator[_Event]:
        """The events of one stream's physical lines."""
        inner = list(_inner_lines(lines, run, self._limits.max_event_bytes))
        texts = [text for _, text, _ in inner]
        sizes = [lines.offsets[n[-1] + 1] - lines.offsets[n[0]] for n, _, _ in inner]
        entries = group(texts, sizes, rule, self._limits)
        for entry in entries:
            parts = inner[entry.first : entry.stop]
            text = b"\n".join(texts[entry.first : entry.stop])
            is_open = may_go_on and entry.stop == len(inner) and not (
                parts[-1][2] and rule.is_complete(text)
            )  # fmt: skip
            numbers = [number for part, _, _ in parts for number in part]
            yield _Event(numbers, stream, text, is_open, entry.truncated)
        is_blank_part = not inner[-1][2] and (not entries or entries[-1].stop < len(inner))
        if may_go_on and is_blank_part:
            yield _Event(inner[-1][0], stream, is_open=True)

    def _add(self, frames: Frames, lines: _Lines, event: _Event) -> None:
        first, last = event.numbers[0], event.numbers[-1]
        record = lines.records[first]
        text = b"".join(_text_parts(lines, event.numbers))
        cut = event.truncated or not (record is not None or _counts(lines.data[last]))
        add(
            frames, self._decode_bare if record is None else self._decode, text, (lines.offsets[first], lines.offsets[last + 1]),
            sum(_counts(lines.data[number]) for number in event.numbers),
            (TRUNCATED,) if cut else (),
        )  # fmt: skip
        if record is not None:
            frames.fields[len(frames.texts) - 1] = record.fields

    def _end_unterminated(self, frames: Frames, lines: _Lines) -> None:
        """The last line has no line break, and yet is one."""
        for number, end in enumerate(frames.ends):
            if end == lines.offsets[-1]:
                frames.lines[number] += 1
                marks = (mark for mark in frames.tags.get(number, ()) if mark != TRUNCATED)
                frames.tags[number] = (UNTERMINATED, *marks)
                return
        frames.empty_lines += 1


def _counts(line: bytes) -> bool:
    """Whether this is the end of a line in the source, and not a part in the middle of one."""
    return line.endswith(b"\n")


def _runs(lines: _Lines) -> Iterator[tuple[object, list[int], bool]]:
    """Lines that may be joined: a stream, the numbers of its lines, and whether more may come."""
    open_runs: dict[object, list[int]] = {}
    latest = _Latest(lines.records)
    for number, record in enumerate(lines.records):
        stream = _BARE if record is None else record.stream
        latest.pass_by(number)
        run = open_runs.get(stream)
        if run is None:
            open_runs[stream] = [number]
        elif _apart(lines, latest, run[-1], number, stream):
            yield stream, run, False
            open_runs[stream] = [number]
        else:
            run.append(number)
    for stream, run in open_runs.items():
        last = len(lines.records) - 1
        yield stream, run, run[-1] == last or not _apart(lines, latest, run[-1], last, stream)


def _apart(lines: _Lines, latest: _Latest, last: int, number: int, stream: object) -> bool:
    """Whether too much stands between two lines of a stream.

    Args:
        last: Number of the one.
        number: Of the other; or of any later line, to learn whether one may still come.
    """
    if stream is _BARE:
        return number != last + 1
    if lines.offsets[number] - lines.offsets[last + 1] > _MOST_BETWEEN:
        return True
    return latest.since(last) > _LONGEST_PAUSE_S


class _Latest:
    """Of the lines so far, the latest times behind any of them, by what their wrappers say.

    Kept are the lines behind which no later time follows, by falling times.
    """

    def __init__(self, records: Sequence[Record | None]) -> None:
        self._records = records
        self._numbers: list[int] = []
        self._times: list[float] = []
        self._text = ""
        self._time: float | None = None

    def pass_by(self, number: int) -> None:
        """Takes notice of the next line."""
        time = self._time_of(number)
        if time is None:
            return
        while self._times and self._times[-1] <= time:
            self._times.pop()
            self._numbers.pop()
        self._times.append(time)
        self._numbers.append(number)

    def since(self, number: int) -> float:
        """Seconds from a line to the latest one behind it; 0 where the wrappers do not say."""
        place = bisect_right(self._numbers, number)
        if place == len(self._numbers):
            return 0.0
        time = self._time_of(number)
        return 0.0 if time is None else self._times[place] - time

    def _time_of(self, number: int) -> float | None:
        """Whole seconds are enough."""
        record = self._records[number]
        text = None if record is None else record.fields.get("@timestamp")
        if not isinstance(text, str):
            return None
        if text[:19] != self._text or len(text) < 19:
            self._text, self._time = text[:19], _second_of(text[:19])
        return self._time


def _second_of(text: str) -> float | None:
    try:
        return parse_datetime(text).replace(tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def _inner_lines(
    lines: _Lines, run: Sequence[int], limit: int
) -> Iterator[tuple[list[int], bytes, bool]]:
    """Physical lines put together to inner ones: their numbers, the text, and whether it is whole."""
    numbers: list[int] = []
    parts: list[bytes] = []
    size = 0
    for number in run:
        record = lines.records[number]
        length = len(lines.data[number])
        if numbers and size + length > limit + 1:
            yield numbers, b"".join(parts), False
            numbers, parts, size = [], [], 0
        text, whole = (lines.data[number].rstrip(b"\r\n"), True) if record is None else record[1:3]
        numbers.append(number)
        parts.append(text.replace(b"\n", b"\r"))
        size += length
        if whole:
            yield numbers, b"".join(parts), True
            numbers, parts, size = [], [], 0
    if numbers:
        yield numbers, b"".join(parts), False


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
