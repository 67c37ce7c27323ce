"""Which lines make up one event, and where is it cut when it is over a bound?

A *rule* decides where events begin. It looks at a whole buffer at once where it can; only where an
event is over a bound are lines looked at one by one, since what follows the cut begins anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple, Protocol

from shipper.framing.frames import Limits


class Walker(Protocol):
    """Looks at the lines of one event after the other."""

    def begin(self, line: bytes) -> None:
        """An event begins with this line."""
        ...

    def follows(self, line: bytes) -> bool:
        """Whether this line belongs to the event of the lines before it."""
        ...


class Rule(Protocol):
    """Decides where events begin. It may learn, but only from `learn`."""

    def split(self, text: bytes) -> list[bytes]:
        r"""Cuts lines into those of each event; ``b"\n".join`` of the answer is the text again.

        Args:
            text: Lines, the last one without its line feed. The first one begins an event; it is
                not blank. Blank lines behind an event that is over do not count.
        """
        ...

    def are_objects(self, text: bytes, breaks: int) -> bool:
        """A cheap look at all lines: True when each is certain to be an event, and none is blank.

        Args:
            text: As for `split`.
            breaks: Line feeds in it.
        """
        ...

    def walker(self) -> Walker:
        """The same as `split`, line by line."""
        ...

    def is_complete(self, event: bytes) -> bool:
        """True when the event made of these lines cannot go on with a next line."""
        ...

    def learn(self, events: Sequence[bytes]) -> None:
        """Takes notice of events that were cut; their first lines are enough."""
        ...

    def fork(self) -> Rule:
        """A rule that knows the same, and learns on its own from now on."""
        ...


def split_by(walker: Walker, text: bytes) -> list[bytes]:
    """Splits a text as `Rule.split` wants it, line by line."""
    lines = text.split(b"\n")
    firsts = [0]
    is_begun = False
    for number, line in enumerate(lines):
        if is_begun and walker.follows(line):
            continue
        if is_begun:
            firsts.append(number)
        is_begun = not is_blank(line)
        if is_begun:
            walker.begin(line)
    stops = [*firsts[1:], len(lines)]
    return [b"\n".join(lines[a:b]) for a, b in zip(firsts, stops, strict=True)]


class EveryLineRule:
    """Every line is an event."""

    def split(self, text: bytes) -> list[bytes]:
        """See `Rule.split`."""
        return text.split(b"\n")

    def are_objects(self, text: bytes, breaks: int) -> bool:  # noqa: ARG002 - as in Rule
        """See `Rule.are_objects`."""
        return False

    def walker(self) -> Walker:
        """See `Rule.walker`."""
        return self

    def begin(self, line: bytes) -> None:
        """See `Walker.begin`."""

    def follows(self, line: bytes) -> bool:  # noqa: ARG002 - as in Walker
        """See `Walker.follows`."""
        return False

    def is_complete(self, event: bytes) -> bool:  # noqa: ARG002 - as in Rule
        """See `Rule.is_complete`."""
        return True

    def learn(self, events: Sequence[bytes]) -> None:
        """See `Rule.learn`."""

    def fork(self) -> Rule:
        """See `Rule.fork`."""
        return self


class Entry(NamedTuple):
    """Lines of one event: the number of the first, one past the last, and whether it was cut."""

    first: int
    stop: int
    truncated: bool = False


def group(lines: Sequence[bytes], sizes: Sequence[int], rule: Rule, limits: Limits) -> list[Entry]:
    """Groups lines into events.

    Args:
        lines: Without their line breaks. Blank ones in front of an event belong to none.
        sizes: Bytes that each of them takes of an event's bound.
        rule: Where events begin.
        limits: Where they are cut.
    """
    blank = next((n for n, line in enumerate(lines) if not is_blank(line)), len(lines))
    if blank:
        rest = group(lines[blank:], sizes[blank:], rule, limits)
        return [Entry(first + blank, stop + blank, cut) for first, stop, cut in rest]
    if not lines:
        return []
    events = rule.split(b"\n".join(lines))
    if len(events) == len(lines) and max(sizes) <= limits.max_event_bytes + 1:
        return [Entry(n, n + 1) for n, line in enumerate(lines) if not is_blank(line)]
    counts = [event.count(b"\n") + 1 for event in events]
    ends = [0, *accumulate(sizes)]
    stops = list(accumulate(counts))
    firsts = [0, *stops[:-1]]
    largest = max(ends[stop] - ends[first] for first, stop in zip(firsts, stops, strict=True))
    if max(counts) > limits.max_lines or largest > limits.max_event_bytes + 1:
        return walk(lines, sizes, rule, limits)
    entries = []
    for first, stop in zip(firsts, stops, strict=True):
        begin = first
        while begin < stop and is_blank(lines[begin]):
            begin += 1
        if begin < stop:
            entries.append(Entry(begin, stop))
    return entries


def walk(lines: Sequence[bytes], sizes: Sequence[int], rule: Rule, limits: Limits) -> list[Entry]:
    """The same as `group`, line by line, with events cut at their bounds."""
    entries: list[Entry] = []
    walker = rule.walker()
    first, size = -1, 0
    for number, line in enumerate(lines):
        if first >= 0:
            follows = walker.follows(line)
            fits = (
                size + sizes[number] <= limits.max_event_bytes + 1
                and number - first < limits.max_lines
            )
            if follows and fits:
                size += sizes[number]
                continue
            entries.append(Entry(first, number, truncated=follows))
            first = -1
        if not is_blank(line):
            walker.begin(line)
            first, size = number, sizes[number]
    if first >= 0:
        entries.append(Entry(first, len(lines)))
    return entries


def is_blank(line: bytes) -> bool:
    """Blank lines begin no event."""
    return not line or (line[:1] in BLANKS and not line.strip(_BLANK))


def blank_lines(event: bytes) -> tuple[int, int]:
    """Blank lines in front of an event: how many, and their bytes."""
    count = place = 0
    while place <= len(event):
        stop = event.find(b"\n", place)
        stop = len(event) if stop < 0 else stop
        if event[place:stop].strip(_BLANK):
            break
        count, place = count + 1, stop + 1
    return count, place


def split_lines(buffer: bytes) -> list[bytes]:
    """Physical lines with their line breaks; the last one may be without."""
    lines = [line + b"\n" for line in buffer.split(b"\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def split_overlong(lines: Sequence[bytes], limit: int) -> list[bytes]:
    """Physical lines, with those that are longer than an event may be cut into several.

    Args:
        lines: With their line breaks, which do not count.
    """
    pieces: list[bytes] = []
    for line in lines:
        start = 0
        while len(line) - start > limit + 1 or (
            len(line) - start > limit and line[-1] != _LINE_FEED
        ):
            pieces.append(line[start : start + limit])
            start += limit
        pieces.append(line[start:] if start else line)
    return pieces


_LINE_FEED = 0x0A
_BLANK = b" \t\n\r\x0b\f\0"
BLANKS = frozenset((b"", *(bytes([byte]) for byte in _BLANK)))
"""First bytes that a blank line may have."""
