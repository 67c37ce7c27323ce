"""Up to when was each rule evaluated?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from search_api.alerts.keeping import CURSORS, Book
from search_api.alerts.rules import US, RuleGroup

_TOLERANCE_US: Final = 60 * US
"""Clocks of replicas may differ by so much."""


def is_ahead(at_us: int | None, last_us: int, every_us: int) -> bool:
    """Whether an instant can only have been evaluated with a clock that was wrong.

    Args:
        at_us: The instant; None: there is none.
        last_us: The latest one that can be evaluated now.
        every_us: From one instant to the next.
    """
    return at_us is not None and at_us > last_us + every_us + _TOLERANCE_US


@dataclass(slots=True)
class Cursors:
    """Up to which instant each rule of a group was evaluated; µs since the epoch.

    Attributes:
        rules: By name of the rule.
        arrived_us: What was stored before was dealt with, however late it came; None: it is not known.
    """

    rules: dict[str, int] = field(default_factory=dict)
    arrived_us: int | None = None

    def to_json(self, names: Sequence[str]) -> dict[str, object]:
        """As the state keeps it: one number, and those that differ."""
        known = {name: self.rules[name] for name in names if name in self.rules}
        most = max(known.values(), default=None)
        behind = {name: at_us for name, at_us in known.items() if at_us != most}
        return {
            "cursor_us": most, "behind": behind, "rules": list(known), "arrived_us": self.arrived_us,
        }  # fmt: skip

    @classmethod
    def of(cls, value: Mapping[str, object]) -> Cursors:
        """Reads what `to_json` wrote."""
        cursor, behind, names = value["cursor_us"], value["behind"], value["rules"]
        found: dict[str, int] = {}
        if isinstance(cursor, int) and isinstance(names, list):
            found = dict.fromkeys(names, cursor)
        if isinstance(behind, dict):
            found.update(behind)
        arrived = value.get("arrived_us")
        return cls(found, arrived if isinstance(arrived, int) else None)


class KeptCursors:
    """The cursors of all groups.

    Args:
        book: Its state has them.
    """

    def __init__(self, book: Book) -> None:
        self._state = book.state
        self._known: dict[str, tuple[Cursors, str | None]] = {}

    async def of(self, group: str) -> Cursors:
        """Those of a group.

        Raises:
            StateError: They cannot be read.
        """
        if group not in self._known:
            record = await self._state.get(CURSORS, group)
            cursors = Cursors() if record is None else Cursors.of(record.value)
            self._known[group] = cursors, None if record is None else record.version
        return self._known[group][0]

    async def keep(self, group: RuleGroup, cursors: Cursors) -> None:
        """Writes those of a group over the version that was read; rules that are gone are left out.

        Args:
            group: The group.
            cursors: What `of` gave, changed.

        Raises:
            StateConflict: Somebody else has written them, who leads now: nothing is written.
            StateError: They may or may not be written.
        """
        names = [rule.name for rule in group.rules]
        cursors.rules = {name: at for name, at in cursors.rules.items() if name in names}
        _, version = self._known.pop(group.name)  # whether it is written may never be known
        value = cursors.to_json(names)
        record = await self._state.put(CURSORS, group.name, value, expected=version)
        self._known[group.name] = cursors, record.version
