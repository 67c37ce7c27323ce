"""From a batch to the broker's ack: plan it durably, publish it, settle it, in that order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from logboom.errors import RegistryUnavailable
from logboom.own_thread import to_the_end
from logboom.retrying import Backoff
from shipper.batches import Batch
from shipper.registry.registry import Registry
from shipper.troubles import Troubles


class Publish(Protocol):
    """Returns when a batch is durable downstream: with what is to be settled."""

    async def __call__(self, batch: Batch, *, planned_before: bool) -> Batch:
        """See `Publishing.publish`."""
        ...


@dataclass(frozen=True, slots=True)
class _Offer:
    batch: Batch
    planned_before: bool


class Sender:
    """Sends batches, several under way at once; a checkpoint moves only after the ack.

    Args:
        publish: Publishes a batch; called in the order of the numbers.
        registry: Where plans and checkpoints are kept.
        troubles: Told of what is waited for.
        in_flight: Batches that may wait for their ack at once.
        settled: Called for every batch whose ack is durable in the registry, in order.
    """

    def __init__(
        self,
        publish: Publish,
        registry: Registry,
        troubles: Troubles,
        *,
        in_flight: int,
        settled: Callable[[Batch], None],
    ) -> None:
        self._publish = publish
        self._registry = registry
        self._troubles = troubles
        self._settled = settled
        self._registry_turn = asyncio.Lock()
        self._places = asyncio.Semaphore(in_flight)
        self._offers: asyncio.Queue[_Offer | None] = asyncio.Queue()
        self._under_way: asyncio.Queue[asyncio.Task[Batch] | None] = asyncio.Queue()
        self._acked: deque[Batch] = deque()
        self._unsettled = 0
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()

    async def offer(self, batch: Batch, *, planned_before: bool = False) -> None:
        """Takes a batch; waits while too many are under way: that is what holds back the reader.

        Args:
            batch: Offered in ascending order of their numbers.
            planned_before: True for batches that the registry holds from before a crash.
        """
        self._unsettled += 1
        self._is_quiet.clear()
        await self._places.acquire()
        self._offers.put_nowait(_Offer(batch, planned_before))

    async def quiet(self) -> None:
        """Returns when everything that was offered is settled."""
        await self._is_quiet.wait()

    def finish(self) -> None:
        """Nothing more will be offered."""
        self._offers.put_nowait(None)

    async def run(self) -> None:
        """Works until `finish` was called and everything offered is settled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._settle_acks())
            await self._plan_and_publish(tasks)

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
                publishing = self._publish(offer.batch, planned_before=offer.planned_before)
                self._under_way.put_nowait(tasks.create_task(publishing))
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
                    await to_the_end(lambda: self._registry.advance(planned=planned, acked=acked))
                    break
                except RegistryUnavailable as error:
                    await self._troubles.wait("registry", error, backoff)
            self._troubles.over("registry")
            for batch in acked:
                self._acked.popleft()
                self._settled(batch)
                self._unsettled -= 1
            if not self._unsettled:
                self._is_quiet.set()
