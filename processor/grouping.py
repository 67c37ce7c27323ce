"""Which groups of errors were never seen before, and is that durably known?"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable

from logboom.event import Event
from logboom.grouping import GROUPS, FirstSight, first_sight, is_fingerprint
from logboom.state import State, Write

log = logging.getLogger("logboom.processor")

MOST_GROUPS = 100_000
"""So many groups one processor makes records of; later ones are still counted by the store."""

_MOST_REMEMBERED = 50_000
_WRITES_AT_ONCE = 1_000


class Groups:
    """Makes a record of each group of errors when its first error is processed.

    A replay, or another processor, finds the record there and leaves it as it is.
    """

    def __init__(self) -> None:
        self._remembered: OrderedDict[str, None] = OrderedDict()
        self._fresh: dict[str, FirstSight] = {}
        self._made = 0

    def note(self, fingerprint: str, event: Callable[[], Event]) -> None:
        """Is told of every error.

        Args:
            fingerprint: Of the error.
            event: Decodes it; only called for groups that are not known here.
        """
        if fingerprint in self._remembered:
            self._remembered.move_to_end(fingerprint)
            return
        self._remembered[fingerprint] = None
        if len(self._remembered) > _MOST_REMEMBERED:
            self._remembered.popitem(last=False)
        if self._made + len(self._fresh) < MOST_GROUPS and is_fingerprint(fingerprint):
            self._fresh[fingerprint] = first_sight(event())

    async def keep(self, state: State) -> int:
        """Writes down what was noted; returns when it is durable.

        Returns:
            How many groups nobody had seen before.

        Raises:
            StateUnavailable: Nothing is forgotten; call it again.
            StateRefused: The state cannot be used.
            DiskFull: There is no room; call it again later.
        """
        new = 0
        while self._fresh:
            some = list(self._fresh.items())[:_WRITES_AT_ONCE]
            writes = [Write(GROUPS, name, sight.value(), None) for name, sight in some]
            new += sum(record is not None for record in await state.put_many(writes))
            for name, _ in some:
                self._fresh.pop(name, None)
            self._count(len(some))
        return new

    def _count(self, made: int) -> None:
        before, self._made = self._made, self._made + made
        if before < MOST_GROUPS <= self._made:
            log.warning(
                "there are %d groups of errors: no record is made of further ones, see docs/errors.md",
                self._made,
            )
