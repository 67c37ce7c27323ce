"""Which events are lines of a private key that began in an event before?

A key that is logged line by line, each with a time and a level of its own, is an event for each line. What
is remembered between them is a number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from shipper.redaction.rules import PRIVATE_KEY_BEGIN, PRIVATE_KEY_END, Rule

_MOST_EVENTS = 400
"""So many events a key may take, with what other threads log between its lines."""
_SIGN: Final = "[A-Za-z0-9+/]"
_KEY_TEXT = re.compile(
    rf"(?<![\w+/.-])(?:{_SIGN}{{32,4096}}+={{0,2}}(?![\w+/=])"
    rf"|(?={_SIGN}{{0,31}}[A-Z0-9]){_SIGN}{{2,32}}+={{1,2}}(?=\W{{0,16}}\Z)"
    rf"|(?={_SIGN}{{0,31}}[A-Z])(?={_SIGN}{{0,31}}[a-z])(?={_SIGN}{{0,31}}[0-9])"
    rf"{_SIGN}{{4,31}}+(?=\W{{0,16}}\Z))"
)
WITHIN_A_KEY: Final = Rule("private_key", _KEY_TEXT)
"""What is taken for a part of a key within one: long runs of base64, and a shorter one at the end."""


class KeyLines:
    """Follows the keys of one source, whose lines are events of their own."""

    def __init__(self) -> None:
        self._left = 0

    @property
    def place(self) -> int:
        """Where in a key the next event is; to go back to."""
        return self._left

    def go_back(self, place: int) -> None:
        """The events since then come again."""
        self._left = place

    @property
    def is_within(self) -> bool:
        """True when a key has begun and not ended."""
        return self._left > 0

    def follow(self, texts: Sequence[str], suspects: Collection[int]) -> set[int]:
        """Goes on behind the events before.

        Args:
            texts: Of events, in their order.
            suspects: The numbers of those with a secret: only in them a key begins.

        Returns:
            The numbers of those that come within a key and hold a part of it.
        """
        found: set[int] = set()
        if not self._left and not suspects:
            return found
        begins = {number for number in suspects if _is_open(texts[number])}
        first = 0 if self._left else min(begins, default=len(texts))
        for number in range(first, len(texts)):
            text = texts[number]
            if self._left and WITHIN_A_KEY.finds(text):
                found.add(number)
            self._left = 0 if PRIVATE_KEY_END.search(text) else max(0, self._left - 1)
            if number in begins:
                self._left = _MOST_EVENTS
        return found

    def begin_behind(self, text: str) -> None:
        """Goes on behind a text: the lines before the first event."""
        if PRIVATE_KEY_BEGIN.search(text) is None:
            return
        lines = text.split("\n")[-_MOST_EVENTS:]
        self.follow(lines, [number for number, line in enumerate(lines) if _is_open(line)])


def _is_open(text: str) -> bool:
    """True when a key begins in a text and does not end there."""
    begins = [begin.end() for begin in PRIVATE_KEY_BEGIN.finditer(text)]
    return bool(begins) and PRIVATE_KEY_END.search(text, begins[-1]) is None
