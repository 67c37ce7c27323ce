"""What do the rules make of a buffer's events?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from logboom.config.rules import RuleSection
from logboom.event import Event
from shipper.rules.making import Decision, make_rules


@dataclass(frozen=True, slots=True)
class Ruled:
    """What became of events.

    Attributes:
        values: Those that are sent, as JSON, in their order.
        dropped: Number of an event that is not sent → title of the rule.
    """

    values: list[bytes]
    dropped: Mapping[int, str]

    def lines_by_rule(self, lines: Sequence[int]) -> dict[str, int]:
        """Counts dropped lines.

        Args:
            lines: Of each event.
        """
        counts: Counter[str] = Counter()
        for number, title in self.dropped.items():
            counts[title] += lines[number]
        return dict(counts)


class Rules:
    """The rules of one input, in their order.

    Args:
        sections: As the configuration has them.

    Raises:
        ConfigError: A rule cannot be used.
    """

    def __init__(self, sections: Sequence[RuleSection]) -> None:
        self._rules = make_rules(sections)

    def __bool__(self) -> bool:
        return bool(self._rules)

    def apply(self, values: Sequence[bytes]) -> Ruled:
        """Asks every rule of every event.

        Args:
            values: Events as JSON.
        """
        left: list[bytes] = []
        dropped: dict[int, str] = {}
        for number, value in enumerate(values):
            event: Event = orjson.loads(value)
            title, changed = self._ask(event, decide=True)
            if title is not None:
                dropped[number] = title
            else:
                left.append(_written(event) if changed else value)
        return Ruled(left, dropped)

    def change(self, values: Sequence[bytes]) -> list[bytes]:
        """The same for events that are sent again: that they are sent is decided already."""
        changed: list[bytes] = []
        for value in values:
            event: Event = orjson.loads(value)
            changed.append(_written(event) if self._ask(event, decide=False)[1] else value)
        return changed

    def _ask(self, event: Event, *, decide: bool) -> tuple[str | None, bool]:
        """The title of the rule that drops an event, and whether a rule has changed it."""
        changed = False
        for rule in self._rules:
            if isinstance(rule, Decision):
                if decide and rule.drops(event):
                    return rule.title, changed
            elif rule.where(event):
                changed = rule.change(event) or changed
        return None, changed


def _written(event: Event) -> bytes:
    """As JSON, with the event's id and read time where `logboom.head` looks for them."""
    about = event["event"]
    for ours in ("id", "created"):
        about[ours] = about.pop(ours)
    return orjson.dumps(event, option=orjson.OPT_NON_STR_KEYS)
