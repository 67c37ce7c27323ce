"""From a batch to the broker's ack: plan it durably, publish it, settle it, in that order."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from logboom.broker import Broker, OutgoingBatch, Publisher
from logboom.errors import BrokerError, DiskFull, LogboomError
from logboom.retrying import Backoff
from shipper.batches import Batch
from shipper.registry import Registry

log = logging.getLogger("logboom.shipper")


@dataclass(frozen=True, slots=True)
class _Offer:
    batch: Batch
    planned_before: bool


class Sender:
    """Sends batches, several under way at once; a checkpoint moves only after the ack.

    Args:
        broker: Where to.
        registry: Where plans and checkpoints are kept.
        in_flight: Batches that may wait for their ack at once.
        settled: Called for every batch whose ack is durable in the registry, in order.
    """

    def __init__(
        self,
        broker: Broker,
        registry: Registry,
        *,
        in_flight: int,
        settled: Callable[[Batch], None],
    ) -> None:
        self._broker = broker
        self._registry = registry
        self._settled = settled
        self._publisher: Publisher | None = None
        self._opening = asyncio.Lock()
        self._registry_turn = asyncio.Lock()
        self._places = asyncio.Semaphore(in_flight)
        self._offers: asyncio.Queue[_Offer | None] = asyncio.Queue()
        self._under_way: asyncio.Queue[tuple[Batch, asyncio.Task[None]] | None] = asyncio.Queue()
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
                task = tasks.create_task(self._publish(offer.batch))
                self._under_way.put_nowait((offer.batch, task))
        self._under_way.put_nowait(None)

    async def _settle_acks(self) -> None:
        """Takes acks in the order of the numbers: a checkpoint never has a gap behind it."""
        while (entry := await self._under_way.get()) is not None:
            batch, publishing = entry
            await publishing
            self._acked.append(batch)
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

    async def _publish(self, batch: Batch) -> None:
        backoff = Backoff()
        outgoing = OutgoingBatch(batch.sequence, batch.messages, batch.identity)
        while batch.messages:
            try:
                publisher = await self._open()
                await publisher.publish(outgoing)
                break
            except (BrokerError, DiskFull) as error:
                await self._wait("broker", error, backoff)
        self._over("broker")

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
            log.info("sending goes on: the %s works again", part)
