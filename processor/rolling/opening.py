"""What does a processor need for its rollups?"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from logboom.clock import Clock
from logboom.config import Config
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Marks
from logboom.state import State
from logboom.state.lease import EMBEDDED, Lease
from logboom.store import Store
from processor.rolling.roller import LEASE, Roller


@dataclass(frozen=True, slots=True)
class Rolling:
    """Marks minutes, and works them out.

    Attributes:
        marks: Of the store.
        roller: To be run.
    """

    marks: Marks
    roller: Roller

    async def mark(self, minutes: Collection[int]) -> None:
        """Marks the minutes in which documents count; durable when it returns.

        Args:
            minutes: Their begins, µs since the epoch.

        Raises:
            StateUnavailable: Mark them again.
        """
        await self.marks.mark(set(minutes))


def open_rolling(
    config: Config, store: Store, state: State, instance: str, clock: Clock,
    *, warn: Callable[[str], None] = lambda _: None,
) -> Rolling:  # fmt: skip
    """Everything that rolling up takes.

    Args:
        config: Its sections `rollups` and `processor`.
        store: Has the events.
        state: Has the marks.
        instance: Nobody else's name.
        clock: Asked for the time.
        warn: Is told of rows that are lost.
    """
    marks = Marks(state)
    # An embedded store has one processor: after a crash the next one need not wait for the last.
    holder = EMBEDDED if store.kind == "local" else instance
    lease = Lease(state, LEASE, holder, clock, for_s=config.processor.lease.total_seconds())
    roller = Roller(store, marks, GoneDays(state), lease, config.rollups, clock, warn)
    return Rolling(marks, roller)
