"""How many may do something at once, and how many of these are one's own?

Whoever comes too much is told to come later. Nobody takes all the room: one's own turns are at most
three times those that are free, so that whoever comes next finds some, and the more who come, the less
each of them has.

Source: Choudhury and Hahne, Dynamic queue length thresholds for shared-memory packet switches (1998).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import prometheus_client

from logboom.errors import TooBusy

ASKING: ContextVar[str] = ContextVar("asking", default="")
"""What the requests of whoever asks are counted under; empty: nobody is told apart."""

_OF_THE_FREE = 3


class Turns:
    """A bound on what is under way.

    Args:
        most: At once.
        what: Is under way, for messages.
        setting: Which raises the bound.
        under_way: Shows how many there are.
        busy: Counts who was told to come later.
    """

    def __init__(
        self, most: int, what: str, setting: str, under_way: prometheus_client.Gauge,
        busy: prometheus_client.Counter,
    ) -> None:  # fmt: skip
        self._most = most
        self._what = what
        self._setting = setting
        self._under_way = under_way
        self._busy = busy.labels(what)
        self._count = 0
        self._own: Counter[str] = Counter()

    @property
    def is_crowded(self) -> bool:
        """True when more than half of what may be under way is."""
        return 2 * self._count > self._most

    def take(self) -> str:
        """Begins something of whoever is `ASKING`.

        Returns:
            Whose it is: `give_back` is to be told at its end.

        Raises:
            TooBusy: There is as much under way as may be, or too much of it is one's own.
        """
        who = ASKING.get()
        own, free = self._own[who] if who else 0, self._most - self._count
        if free <= 0:
            raise self._refused(f"{self._count} {self._what} are under way")
        if own and own >= _OF_THE_FREE * free:
            raise self._refused(
                f"{self._count} {self._what} are under way, {own} of them under your key or name:"
                " the last ones are for others"
            )
        self._note(who, 1)
        return who

    def give_back(self, who: str) -> None:
        """Ends something that was begun.

        Args:
            who: Whose it is.
        """
        self._note(who, -1)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Something that is under way as long as the context.

        Raises:
            TooBusy: As `take`.
        """
        who = self.take()
        try:
            yield
        finally:
            self.give_back(who)

    def _note(self, who: str, change: int) -> None:
        self._count += change
        self._under_way.set(self._count)
        if who:
            self._own[who] += change
            if not self._own[who]:
                del self._own[who]

    def _refused(self, why: str) -> TooBusy:
        self._busy.inc()
        return TooBusy(why, mend=f"come later, or raise {self._setting}")
