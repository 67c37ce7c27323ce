"""How does a rule look at lines without what is no part of their text: colours, NUL bytes in front?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from shipper.framing.rules import Rule, Walker

Bare = Callable[[bytes], bytes]
"""Lines → the same lines without what is no text; the same object where nothing is to be left out."""


class BareRule:
    """A rule that looks at bare lines.

    Args:
        rule: Is given these.
        bare: Makes them; it leaves out no line feed.
    """

    def __init__(self, rule: Rule, bare: Bare) -> None:
        self._rule = rule
        self._bare = bare
        self._may_differ = True

    def split(self, text: bytes) -> list[bytes]:
        """See `Rule.split`."""
        bare = self._bare(text)
        self._may_differ = bare is not text
        if not self._may_differ:
            return self._rule.split(text)
        lines = text.split(b"\n")
        events: list[bytes] = []
        first = 0
        for event in self._rule.split(bare):
            stop = first + event.count(b"\n") + 1
            events.append(b"\n".join(lines[first:stop]))
            first = stop
        return events

    def are_objects(self, text: bytes, breaks: int) -> bool:
        """See `Rule.are_objects`."""
        are_objects = self._rule.are_objects(text, breaks)
        self._may_differ = not are_objects
        return are_objects

    def walker(self) -> Walker:
        """See `Rule.walker`."""
        self._may_differ = True
        return _BareWalker(self._rule.walker(), self._bare)

    def is_complete(self, event: bytes) -> bool:
        """See `Rule.is_complete`."""
        return self._rule.is_complete(self._bare(event))

    def learn(self, events: Sequence[bytes]) -> None:
        """See `Rule.learn`. To look at every event again would take longer than to learn of it."""
        self._rule.learn([*map(self._bare, events)] if self._may_differ else events)

    def fork(self) -> Rule:
        """See `Rule.fork`."""
        return BareRule(self._rule.fork(), self._bare)


class _BareWalker:
    def __init__(self, walker: Walker, bare: Bare) -> None:
        self._walker = walker
        self._bare = bare

    def begin(self, line: bytes) -> None:
        self._walker.begin(self._bare(line))

    def follows(self, line: bytes) -> bool:
        return self._walker.follows(self._bare(line))
