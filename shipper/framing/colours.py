"""Which bytes only tell a terminal how to show a text? They are no part of it.

Source: ECMA-48, select graphic rendition and erase in line; what loggers write for a terminal.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from shipper.framing.frames import ESCAPE, Decoder, make_decoder
from shipper.framing.rules import Rule, Walker

_CODE = r"\x1b(?:\[[0-9;:]{0,32}[mK]|\(B)"
_IN_BYTES = re.compile(_CODE.encode())
_IN_TEXT = re.compile(_CODE)


def make_plain_decoder(encoding: str) -> Decoder:
    """A decoder whose texts are without such bytes."""
    decode_all = make_decoder(encoding)

    def decode(data: bytes) -> tuple[str, bool]:
        text, damaged = decode_all(data)
        return (_IN_TEXT.sub("", text) if "\x1b" in text else text), damaged

    return decode


class ColouredRule:
    """A rule that looks at lines without their colours.

    Args:
        rule: Is given these.
    """

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._may_have_some = True

    def split(self, text: bytes) -> list[bytes]:
        """See `Rule.split`."""
        self._may_have_some = ESCAPE in text
        if not self._may_have_some:
            return self._rule.split(text)
        lines = text.split(b"\n")
        events: list[bytes] = []
        first = 0
        for event in self._rule.split(_plain(text)):
            stop = first + event.count(b"\n") + 1
            events.append(b"\n".join(lines[first:stop]))
            first = stop
        return events

    def are_objects(self, text: bytes, breaks: int) -> bool:
        """See `Rule.are_objects`."""
        are_objects = self._rule.are_objects(text, breaks)
        self._may_have_some = not are_objects
        return are_objects

    def walker(self) -> Walker:
        """See `Rule.walker`."""
        self._may_have_some = True
        return _ColouredWalker(self._rule.walker())

    def is_complete(self, event: bytes) -> bool:
        """See `Rule.is_complete`."""
        return self._rule.is_complete(_plain(event))

    def learn(self, events: Sequence[bytes]) -> None:
        """See `Rule.learn`. To look at every event again would take longer than to learn of it."""
        self._rule.learn([_plain(event) for event in events] if self._may_have_some else events)

    def fork(self) -> Rule:
        """See `Rule.fork`."""
        return ColouredRule(self._rule.fork())


class _ColouredWalker:
    def __init__(self, walker: Walker) -> None:
        self._walker = walker

    def begin(self, line: bytes) -> None:
        self._walker.begin(_plain(line))

    def follows(self, line: bytes) -> bool:
        return self._walker.follows(_plain(line))


def _plain(text: bytes) -> bytes:
    return _IN_BYTES.sub(b"", text) if ESCAPE in text else text
