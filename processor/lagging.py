"""How many events wait in the partitions that this processor reads?"""

from __future__ import annotations

from collections.abc import Sequence

from logboom.broker import Broker, PartitionLag
from logboom.clock import Clock
from logboom.errors import LogboomError
from processor.consuming import Consumer

_LOOK_S = 5.0


class OwnLag:
    """The lag of the partitions that are this processor's now.

    Args:
        broker: Knows it.
        group: The consumer group.
        consumer: Knows the partitions.
        clock: For asking seldom.
    """

    def __init__(self, broker: Broker, group: str, consumer: Consumer, clock: Clock) -> None:
        self._broker = broker
        self._group = group
        self._consumer = consumer
        self._clock = clock
        self._looked_s: float | None = None
        self._all: Sequence[PartitionLag] = ()

    async def look(self) -> None:
        """Asks the broker, unless it was asked just before. What is not told is not known."""
        now_s = self._clock.monotonic()
        if self._looked_s is not None and now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = now_s
        try:
            self._all = await self._broker.lag(group=self._group)
        except LogboomError:
            self._all = ()

    @property
    def own(self) -> Sequence[PartitionLag]:
        """By partition, as of the last look."""
        subscription = self._consumer.subscription
        ours = frozenset[int]() if subscription is None else subscription.partitions
        return [one for one in self._all if one.partition in ours]
