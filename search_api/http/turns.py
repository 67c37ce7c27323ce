"""How many may do something at once? Whoever comes then is told to come later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Counter, Gauge

from logboom.errors import TooBusy


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
        self, most: int, what: str, setting: str, under_way: Gauge, busy: Counter
    ) -> None:  # fmt: skip
        self._most = most
        self._what = what
        self._setting = setting
        self._under_way = under_way
        self._busy = busy.labels(what)
        self._count = 0

    @property
    def is_crowded(self) -> bool:
        """True when more than half of what may be under way is."""
        return 2 * self._count > self._most

    def take(self) -> None:
        """Begins something; `give_back` is to be called at its end.

        Raises:
            TooBusy: There is as much under way as may be.
        """
        if self._count >= self._most:
            self._busy.inc()
            raise TooBusy(
                f"{self._count} {self._what} are under way",
                mend=f"come later, or raise {self._setting}",
            )
        self._count += 1
        self._under_way.set(self._count)

    def give_back(self) -> None:
        """Ends something that was begun."""
        self._count -= 1
        self._under_way.set(self._count)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Something that is under way as long as the context.

        Raises:
            TooBusy: There is as much under way as may be.
        """
        self.take()
        try:
            yield
        finally:
            self.give_back()
