"""What does a worker do? It makes events of the bytes that it is given, and sends them when told to.

It knows no files and remembers nothing: when it dies, the shipper begins anew where its registry is.
"""

from __future__ import annotations

import asyncio
import ctypes
import signal
import socket
import sys
from collections import deque
from collections.abc import Sequence

from logboom.broker import Message, open_broker
from logboom.clock import Clock, SystemClock
from logboom.dead import DeadLetters
from logboom.event import IndexDays
from logboom.logs import configure_logging
from shipper.batches import Batch, Segment
from shipper.delivery.burying import Burial
from shipper.delivery.collecting import together
from shipper.delivery.publishing import Publishing
from shipper.events.assembly import Assembler
from shipper.events.treatment import Treatment
from shipper.troubles import Troubles
from shipper.workers.frames import (
    Begin,
    Channel,
    Forget,
    Frame,
    Made,
    Make,
    Open,
    Publish,
    Published,
    Waits,
)

_DIE_WITH_PARENT = 1
_LOOK_S = 0.5


def end_with_parent() -> None:
    """Has the kernel end this process when its parent ends, however busy it is (prctl(2))."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


async def work(descriptor: int) -> None:
    """Works for the process at the other end of a socket until that closes it, or is gone.

    Raises:
        LogboomError: When it cannot work at all.
    """
    channel = await Channel.over(socket.socket(fileno=descriptor))
    begun = await channel.receive()
    if begun is None or not isinstance(begun[0], Begin):
        return
    begin, clock = begun[0], SystemClock()
    configure_logging("shipper", begin.config.log_level, begin.log_path)
    await Worker(begin, channel, clock).run()


class Worker:
    """One worker.

    Args:
        begin: Who it is.
        channel: To the shipper.
        clock: For the times of dead letters.
    """

    def __init__(self, begin: Begin, channel: Channel, clock: Clock) -> None:
        self._begin = begin
        self._channel = channel
        config = begin.config
        self._days = IndexDays(config.retention.keep)
        self._treatment = Treatment.of(config)
        self._assemblers: dict[str, Assembler] = {}
        self._paths: dict[str, str] = {}
        self._made: deque[tuple[Segment, Sequence[Message]]] = deque()
        self._troubles = Troubles()
        letters = DeadLetters(config.data / "dead", max_bytes=config.dead_letters.max_bytes)
        self._burial = Burial(letters, self._days, self._paths.__getitem__, clock)

    async def run(self) -> None:
        """Answers until the shipper says nothing more."""
        broker = await open_broker(self._begin.config)
        publishing = Publishing(
            lambda: broker.publisher(producer=self._begin.producer, member=self._begin.number),
            self._burial, self._troubles,
        )  # fmt: skip
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(self._tell())
                under_way = [telling]
                while (said := await self._channel.receive()) is not None:
                    batch = self._answer(*said)
                    if batch is not None:
                        under_way = [task for task in under_way if not task.done()]
                        under_way.append(tasks.create_task(self._publish(publishing, batch)))
                    await asyncio.sleep(0)  # acks come in between two pieces
                for task in under_way:
                    task.cancel()
        finally:
            await publishing.close()
            await broker.close()

    def _answer(self, frame: Frame, body: bytes) -> Batch | None:
        """Does what it is told; a batch is to be published."""
        match frame:
            case Open():
                self._open(frame)
            case Make():
                self._channel.send(self._make(frame, body))
            case Publish():
                made = [self._made.popleft() for _ in range(frame.segments)]
                messages = together([own for _, own in made])
                return Batch(frame.sequence, [segment for segment, _ in made], messages, 0)
            case Forget():
                self._assemblers.pop(frame.source, None)
                self._paths.pop(frame.source, None)
            case _:
                raise ValueError(f"no word for a worker: {frame}")
        return None

    def _open(self, frame: Open) -> None:
        self._paths[frame.source] = frame.path
        self._assemblers[frame.source] = Assembler(
            frame.section, source=frame.source, run=frame.run, epoch=frame.epoch, path=frame.path,
            max_event_bytes=self._begin.config.shipper.max_event_bytes, days=self._days,
            treatment=self._treatment, preceding=lambda: frame.preceding,
        )  # fmt: skip

    def _make(self, frame: Make, body: bytes) -> Made:
        assembled = self._assemblers[frame.source].assemble(
            body, offset=frame.offset, read_ns=frame.read_ns, ended=frame.ended
        )
        if assembled.segment is not None:
            self._made.append((assembled.segment, assembled.messages))
        redacted, faults = self._treatment.redactor.counts, self._treatment.faults.counts
        told = dict(redacted), dict(faults)
        redacted.clear()
        faults.clear()
        return Made(assembled.segment, assembled.consumed, assembled.size_bytes, *told)

    async def _publish(self, publishing: Publishing, batch: Batch) -> None:
        settled = await publishing.publish(batch, planned_before=False)
        segments = None if settled is batch else settled.segments
        self._channel.send(Published(batch.sequence, segments))

    async def _tell(self) -> None:
        """Tells what is waited for, as soon as it changes."""
        told: str | None = None
        while True:
            if self._troubles.first != told:
                told = self._troubles.first
                self._channel.send(Waits(told))
            await asyncio.sleep(_LOOK_S)
