"""How does a batch get to the broker, whatever that says? Published again, cut, or buried."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from logboom.broker import Message, OutgoingBatch, Publisher
from logboom.errors import BrokerError, DiskFull, EventsTooLarge, LogboomError
from logboom.retrying import Backoff
from shipper.batches import Batch
from shipper.delivery.burying import Burial
from shipper.delivery.fitting import fit
from shipper.troubles import Troubles

log = logging.getLogger("logboom.shipper")

_Result = TypeVar("_Result")


class Publishing:
    """Publishes batches until each event is in the broker or among the dead letters.

    Args:
        open_publisher: Opens the way into the broker; called at the first batch.
        burial: Takes what the broker will never take.
        troubles: Told of what is waited for.
    """

    def __init__(
        self, open_publisher: Callable[[], Awaitable[Publisher]], burial: Burial, troubles: Troubles
    ) -> None:
        self._open_publisher = open_publisher
        self._burial = burial
        self._troubles = troubles
        self._publisher: Publisher | None = None
        self._opening = asyncio.Lock()

    @property
    def is_open(self) -> bool:
        """Whether the broker was there at least once."""
        return self._publisher is not None

    async def publish(self, batch: Batch, *, planned_before: bool) -> Batch:
        """Publishes a batch.

        Args:
            batch: Several may be under way at once; they arrive in the order of the calls.
            planned_before: True for batches that the registry holds from before a crash.

        Returns:
            The batch as it is to be settled: what went to the dead letters is among the dead.
        """
        messages = batch.messages
        positions: Sequence[int] = range(len(messages))
        dead: dict[int, str] = {}
        backoff = Backoff()
        while messages:
            outgoing = OutgoingBatch(batch.sequence, messages, batch.identity)
            try:
                publisher = await self._open()
                await publisher.publish(outgoing)
                messages = ()
            except EventsTooLarge as error:
                refused = {positions[number]: messages[number] for number in error.positions}
                left = self._cut(refused, error, dead)
                positions, messages = list(left), list(left.values())
            except (BrokerError, DiskFull) as error:
                await self._troubles.wait("broker", error, backoff)
        self._troubles.over("broker")
        return await self._buried(batch, dead, planned_before=planned_before)

    async def close(self) -> None:
        """Lets go of the way into the broker."""
        if self._publisher is not None:
            await self._publisher.close()

    def _cut(
        self, refused: dict[int, Message], error: EventsTooLarge, dead: dict[int, str]
    ) -> dict[int, Message]:
        """What to send in place of events that are too large; those that cannot be cut are noted."""
        fitted = fit(refused, error.limit_bytes)
        for position in fitted.hopeless:
            dead[position] = error.sentence()
        log.warning(
            "%s: %d are cut and sent again, %d are dead letters",
            error.sentence(), len(fitted.smaller), len(fitted.hopeless),
        )  # fmt: skip
        return dict(fitted.smaller)

    async def _buried(self, batch: Batch, dead: dict[int, str], *, planned_before: bool) -> Batch:
        settled = batch
        if dead:
            settled = await self._insist(lambda: self._burial.bury(batch, dead))
        if planned_before:
            await self._insist(lambda: self._burial.withdraw(settled))
        return settled

    async def _insist(self, act: Callable[[], Awaitable[_Result]]) -> _Result:
        """Nothing that is dead is forgotten: full dead letters hold back the reader, too."""
        backoff = Backoff()
        while True:
            try:
                result = await act()
            except LogboomError as error:
                await self._troubles.wait("dead letters", error, backoff)
            else:
                self._troubles.over("dead letters")
                return result

    async def _open(self) -> Publisher:
        async with self._opening:
            if self._publisher is None:
                self._publisher = await self._open_publisher()
            return self._publisher
