"""From a batch to the broker's ack: plan it durably, publish it, settle it, in that order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from logboom.broker import Broker, Message, OutgoingBatch, Publisher
from logboom.errors import BrokerError, DiskFull, EventsTooLarge, LogboomError
from logboom.retrying import Backoff
from shipper.delivery.batches import Batch
from shipper.delivery.burying import Burial
from shipper.delivery.fitting import fit
from shipper.registry.registry import Registry

log = logging.getLogger("logboom.shipper")

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Offer:
    batch: Batch
    planned_before: bool


class Sender:
    """Sends batches, several under way at once; a checkpoint moves only after the ack.

    Args:
        broker: Where to.
        registry: Where plans and checkpoints are kept.
        burial: Takes what the broker will never take.
        in_flight: Batches that may wait for their ack at once.
        settled: Called for every batch whose ack is durable in the registry, in order.
    """

    def __init__(
        self,
        broker: Broker,
        registry: Registry,
        burial: Burial,
        *,
        in_flight: int,
        settled: Callable[[Batch], None],
    ) -> None:
        self._broker = broker
        self._registry = registry
        self._burial = burial
        self._settled = settled
        self._publisher: Publisher | None = None
        self._opening = asyncio.Lock()
        self._registry_turn = asyncio.Lock()
        self._places = asyncio.Semaphore(in_flight)
        self._offers: asyncio.Queue[_Offer | None] = asyncio.Queue()
        self._under_way: asyncio.Queue[asyncio.Task[Batch] | None] = asyncio.Queue()
        self._acked: deque[Batch] = deque()
        self._troubles: dict[str, str] = {}

    @property
    def waiting_for(self) -> str | None:
        """What keeps batches from being sent, in words for people; None when nothing does."""
        return next(iter(self._troubles.values()), None)

    async def offer(self, batch: Batch, *, planned_before: bool = False) -> None:
        """Takes a batch; waits while too many are under way: that is what holds back the reader.

        Args:
            batch: Offered in ascending order of their numbers.
            planned_before: True for batches that the registry holds from before a crash.
        """
        await self._places.acquire()
        self._offers.put_nowait(_Offer(batch, planned_before))

    def finish(self) -> None:
        """Nothing more will be offered."""
        self._offers.put_nowait(None)

    async def run(self) -> None:
        """Works until `finish` was called and everything offered is settled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._settle_acks())
                await self._plan_and_publish(tasks)
        finally:
            if self._publisher is not None:
                await self._publisher.close()

    async def _plan_and_publish(self, tasks: asyncio.TaskGroup) -> None:
        ended = False
        while not ended:
            offers = [await self._offers.get()]
            while not self._offers.empty():
                offers.append(self._offers.get_nowait())
            ended = None in offers
            known = [offer for offer in offers if offer is not None]
            await self._write([offer.batch for offer in known if not offer.planned_before])
            for offer in known:
                self._under_way.put_nowait(tasks.create_task(self._publish(offer)))
        self._under_way.put_nowait(None)

    async def _settle_acks(self) -> None:
        """Takes acks in the order of the numbers: a checkpoint never has a gap behind it."""
        while (publishing := await self._under_way.get()) is not None:
            self._acked.append(await publishing)
            self._places.release()
            if self._offers.empty():  # else the next plan's transaction settles it along
                await self._write([])
        await self._write([])

    async def _write(self, planned: list[Batch]) -> None:
        """One transaction for the new plans and for everything that was acknowledged meanwhile."""
        async with self._registry_turn:
            acked = list(self._acked)
            if not planned and not acked:
                return
            backoff = Backoff()
            while True:
                try:
                    await asyncio.to_thread(self._registry.advance, planned=planned, acked=acked)
                    break
                except DiskFull as error:
                    await self._wait("registry", error, backoff)
            self._over("registry")
            for batch in acked:
                self._acked.popleft()
                self._settled(batch)

    async def _publish(self, offer: _Offer) -> Batch:
        """Publishes a batch; gives it as it is to be settled."""
        batch = offer.batch
        left = dict(enumerate(batch.messages))
        dead: dict[int, str] = {}
        backoff = Backoff()
        while left:
            positions = list(left)
            outgoing = OutgoingBatch(batch.sequence, list(left.values()), batch.identity)
            try:
                publisher = await self._open()
                await publisher.publish(outgoing)
                left = {}
            except EventsTooLarge as error:
                refused = {p: left[p] for p in (positions[n] for n in error.positions)}
                left = self._cut(refused, error, dead)
            except (BrokerError, DiskFull) as error:
                await self._wait("broker", error, backoff)
        self._over("broker")
        return await self._buried(batch, dead, planned_before=offer.planned_before)

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
                await self._wait("dead letters", error, backoff)
            else:
                self._over("dead letters")
                return result

    async def _open(self) -> Publisher:
        async with self._opening:
            if self._publisher is None:
                self._publisher = await self._broker.publisher(producer=self._registry.id)
            return self._publisher

    async def _wait(self, part: str, error: LogboomError, backoff: Backoff) -> None:
        """Nothing is ever dropped: the files wait, and the health says what for."""
        if part not in self._troubles:
            log.warning("sending waits: %s", error.sentence())
        self._troubles[part] = error.sentence()
        await backoff.wait()

    def _over(self, part: str) -> None:
        if self._troubles.pop(part, None) is not None:
            log.info("sending goes on: the %s can be used again", part)
