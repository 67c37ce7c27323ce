"""How is a buffer cut whose lines are those of the events themselves?"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import accumulate

from logboom.bounds import TRUNCATED
from shipper.framing.frames import (
    ESCAPE,
    MULTILINE,
    UNTERMINATED,
    Decoder,
    Frames,
    Limits,
    add,
    append,
    cut_spans,
    make_decoder,
)
from shipper.framing.rules import BLANKS, Rule, blank_lines, split_lines, split_overlong, walk


class PlainFraming:
    """Joins the lines between two begins of an event.

    Args:
        rule: Where events begin.
        limits: Where they are cut.
        encoding: Of the text.
        decode: Makes texts of it; default: as they are.
    """

    def __init__(
        self, rule: Rule, limits: Limits, encoding: str, decode: Decoder | None = None
    ) -> None:
        self._rule = rule
        self._limits = limits
        self._encoding = encoding
        self._decode = decode or make_decoder(encoding)

    def cut(self, buffer: bytes, *, ended: bool) -> Frames:
        """See `Framing.cut`."""
        end = len(buffer) if ended else buffer.rfind(b"\n") + 1
        if len(buffer) - end > self._limits.max_event_bytes:
            return self._line_by_line(buffer, ended=ended)
        if not end:
            return Frames()
        stop = end - 1 if buffer[end - 1] == _LINE_FEED else end
        blank, begin = blank_lines(buffer[:stop]) if buffer[:1] in BLANKS else (0, 0)
        if begin > stop or begin == end:
            return Frames(consumed=end, empty_lines=blank)
        text = buffer[begin:stop]
        breaks = text.count(b"\n")
        are_objects = self._rule.are_objects(text, breaks)
        events = text.split(b"\n") if are_objects else self._rule.split(text)
        counts = _line_counts(events, breaks + 1)
        lengths = list(map(len, events))
        if max(lengths) > self._limits.max_event_bytes or max(counts) > self._limits.max_lines:
            return self._line_by_line(buffer, ended=ended)
        frames = Frames(consumed=end, empty_lines=blank, lines=counts)
        frames.starts = list(accumulate(map(_ONE_MORE, lengths), initial=begin))
        frames.starts.pop()
        frames.ends = [*frames.starts[1:], end]
        may_be_blank = not are_objects and _BLANK_AHEAD.search(text) is not None
        if may_be_blank and not BLANKS.isdisjoint([event[:1] for event in events]):
            events = _without_blank(frames, events)
        self._finish(frames, events, buffer, ended=ended)
        return frames

    def _finish(
        self, frames: Frames, events: list[bytes], buffer: bytes, *, ended: bool
    ) -> None:  # fmt: skip
        """Keeps back the last event if it may go on, and decodes the others."""
        is_last = frames.ends[-1] == frames.consumed
        if is_last and not ended and not self._rule.is_complete(events[-1]):
            frames.consumed = frames.starts[-1]
            for column in (events, frames.starts, frames.ends, frames.lines):
                column.pop()
        self._rule.learn(events)
        self._decode_all(frames, events, buffer)
        if is_last and ended and buffer[-1] != _LINE_FEED:
            last = len(events) - 1
            frames.tags[last] = (UNTERMINATED, *frames.tags.get(last, ()))

    def begin_behind(self, first_line: str) -> None:
        """See `Framing.begin_behind`."""
        self._rule.learn([first_line.encode(self._encoding, "replace")])

    def cut_again(self, buffer: bytes, spans: Iterable[tuple[int, int]]) -> Frames:
        """See `Framing.cut_again`."""
        return cut_spans(self._decode, buffer, spans)

    def _decode_all(self, frames: Frames, events: Sequence[bytes], buffer: bytes) -> None:
        """The texts of events: all at once in the usual case."""
        if not events:
            return
        single = len(frames.lines) == sum(frames.lines)
        whole = buffer[frames.starts[0] : frames.ends[-1]].rstrip(b"\n")
        if b"\r" not in whole and b"\0" not in whole and ESCAPE not in whole:
            try:
                text = whole.decode(self._encoding)
                if single:
                    frames.texts = text.split("\n")
                else:
                    frames.texts = [e.rstrip(b"\n").decode(self._encoding) for e in events]
            except UnicodeDecodeError:
                frames.texts = []
        if len(frames.texts) == len(events):
            if not single:
                texts = enumerate(frames.texts)
                frames.tags = {number: (MULTILINE,) for number, text in texts if "\n" in text}
            return
        spans = list(zip(frames.starts, frames.ends, frames.lines, strict=True))
        frames.texts, frames.starts, frames.ends, frames.lines = [], [], [], []
        for event, (start, end, lines) in zip(events, spans, strict=True):
            add(frames, self._decode, event, (start, end), lines)

    def _line_by_line(self, buffer: bytes, *, ended: bool) -> Frames:
        """The same with events that are over a bound."""
        lines = split_overlong(split_lines(buffer), self._limits.max_event_bytes)
        if lines and not ended and lines[-1][-1] != _LINE_FEED:
            lines.pop()
        sizes = list(map(len, lines))
        offsets = [0, *accumulate(sizes)]
        bare = [line.rstrip(b"\n") for line in lines]
        entries = walk(bare, sizes, self._rule, self._limits)
        frames = Frames(consumed=offsets[-1])
        if entries and not ended:
            first, stop, _ = entries[-1]
            if not self._rule.is_complete(b"\n".join(bare[first:stop])):
                frames.consumed = offsets[first]
                entries.pop()
        self._rule.learn([bare[entry.first] for entry in entries])
        for first, stop, truncated in entries:
            breaks = buffer.count(b"\n", offsets[first], offsets[stop])
            whole = lines[stop - 1][-1] == _LINE_FEED
            is_last = offsets[stop] == len(buffer) and ended
            marks = (UNTERMINATED,) if is_last and not whole else ()
            marks = (TRUNCATED,) if truncated or not (whole or is_last) else marks
            span = (offsets[first], offsets[stop])
            append(frames, self._decode, buffer, span, breaks + (is_last and not whole), marks)
        total = buffer.count(b"\n", 0, frames.consumed)
        total += ended and bool(buffer) and buffer[-1] != _LINE_FEED
        frames.empty_lines = total - sum(frames.lines)
        return frames


def _line_counts(events: Sequence[bytes], line_count: int) -> list[int]:
    if len(events) == line_count:
        return [1] * line_count
    return [event.count(b"\n") + 1 for event in events]


def _without_blank(frames: Frames, events: Sequence[bytes]) -> list[bytes]:
    """Takes away the blank lines in front of events: they belong to none."""
    kept: list[bytes] = []
    spans = list(zip(frames.starts, frames.ends, frames.lines, strict=True))
    frames.starts, frames.ends, frames.lines = [], [], []
    for event, (start, end, lines) in zip(events, spans, strict=True):
        blank, skipped = blank_lines(event)
        frames.empty_lines += blank
        if blank < lines:
            kept.append(event[skipped:])
            frames.starts.append(start + skipped)
            frames.ends.append(end)
            frames.lines.append(lines - blank)
    return kept


_LINE_FEED = 0x0A
_ONE_MORE = (1).__add__
_BLANK_AHEAD = re.compile(rb"\n(?=[ \t\n\r\x0b\f\0]|\Z)")
