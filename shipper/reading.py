"""Which source is read next, and what happens at the ends of files?

Everything is polled: the answer is right on every file system. A file with news is looked at again
soon, a silent one ever less often, up to the poll interval. One turn reads a bounded piece of each
source, so that a busy file never starves the others.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from logboom.clock import Clock
from logboom.config import MultilineSection, ShipperSection
from logboom.errors import DiskFull
from shipper.assembly import Assembled
from shipper.files.followed import ReadState
from shipper.registry import Registry
from shipper.sources import Source
from shipper.watching import Watcher

log = logging.getLogger("logboom.shipper")

_PIECE_BYTES = 512 * 1024
_FIRST_LOOK_S = 0.02
_UNTERMINATED_PATIENCE_S = 5.0
_GONE_PATIENCE_S = 5.0
_ROTATED_PATIENCE_S = 300.0


class Reader:
    """Reads all sources in turn and gives what comes of it away.

    Args:
        watcher: Has the sources.
        registry: Told of new epochs before anything of them is read.
        section: The shipper's settings.
        deliver: Takes what was assembled; waiting in it is what holds back reading.
        clock: For read times and for patience.
    """

    def __init__(
        self, watcher: Watcher, registry: Registry, section: ShipperSection, clock: Clock,
        deliver: Callable[[Assembled], Awaitable[None]],
    ) -> None:  # fmt: skip
        self._watcher = watcher
        self._registry = registry
        self._flush_after_s = section.flush_after.total_seconds()
        self._longest_look_s = section.poll_interval.total_seconds()
        self._clock = clock
        self._deliver = deliver
        self._news = asyncio.Event()

    async def turn(self) -> bool:
        """Looks at every source whose time has come, once.

        Returns:
            True when any of them had something.
        """
        any_news = False
        now = self._clock.monotonic()
        due = [s for s in self._watcher.sources.values() if s.next_look <= now]
        for source in due:
            news = await self._look(source)
            any_news = any_news or news
        return any_news

    def next_look(self) -> float:
        """Monotonic time at which some source should be looked at again."""
        looks = (source.next_look for source in self._watcher.sources.values())
        return min(looks, default=self._clock.monotonic() + self._longest_look_s)

    def wake(self, source: Source | None = None) -> None:
        """Ends a pause; a source that is known to have news is looked at as soon as it may be."""
        if source is None:
            self._news.set()
        elif source.next_look > (soon := source.silent_since + _FIRST_LOOK_S):
            source.next_look = soon
            self._news.set()

    async def pause(self, seconds: float) -> None:
        """Waits so long, or until it is woken."""
        if seconds > 0.0:
            try:
                async with asyncio.timeout(seconds):
                    await self._news.wait()
            except TimeoutError:
                return
        self._news.clear()

    async def _look(self, source: Source) -> bool:
        file = source.file
        if file is None:
            return False
        try:
            reading = file.read(_PIECE_BYTES)
        except OSError as error:
            reason = error.strerror or str(error)
            if source.state != "unreadable":
                log.warning("%s cannot be read: %s", source.path, reason)
            source.set_state("unreadable", reason)
            self._later(source)
            return False
        if reading.state is ReadState.DATA:
            await self._data(source, reading.data)
            return True
        if reading.state is ReadState.REPLACED:
            await self._begin_anew(source)
            return True
        if reading.state is ReadState.BINARY:
            if source.state != "binary":
                log.warning("%s is not read: %s", source.path, reading.detail)
            source.set_state("binary", f"not read: {reading.detail}")
            self._later(source)
            return False
        return await self._end(source)

    async def _data(self, source: Source, data: bytes) -> None:
        source.silent_since = self._clock.monotonic()
        source.look_interval_s = _FIRST_LOOK_S
        source.next_look = (
            source.silent_since
            if len(data) >= _PIECE_BYTES
            else source.silent_since + _FIRST_LOOK_S
        )
        source.set_state("reading")
        await self._deliver(source.take(data, read_ns=self._clock.now_ns()))

    async def _end(self, source: Source) -> bool:
        now = self._clock.monotonic()
        silent_s = now - source.silent_since
        source.set_state("idle")
        if source.pending and silent_s >= self._patience_s(source):
            await self._deliver(source.flush(read_ns=self._clock.now_ns()))
            return True
        if not source.pending and self._is_over(source, silent_s):
            self._watcher.release(source)
            return False
        self._later(source)
        return False

    def _later(self, source: Source) -> None:
        source.look_interval_s = min(
            self._longest_look_s, max(_FIRST_LOOK_S, source.look_interval_s * 1.5)
        )
        source.next_look = self._clock.monotonic() + source.look_interval_s

    def _patience_s(self, source: Source) -> float:
        """How long an event that might go on is held back."""
        multiline = source.section.multiline
        after_s = (
            multiline.timeout_s if isinstance(multiline, MultilineSection) else self._flush_after_s
        )
        if source.pending.endswith(b"\n"):
            return after_s
        return max(after_s, _UNTERMINATED_PATIENCE_S)

    def _is_over(self, source: Source, silent_s: float) -> bool:
        """A file that was deleted or rotated away is let go when it stays silent."""
        file = source.file
        if file is None or silent_s < _GONE_PATIENCE_S:
            return False
        if source.tally.lines_in_flight:
            return False
        if file.is_deleted():
            log.info("%s is gone, and was read to its end", source.path)
            source.set_state("gone", "deleted, and read to its end")
            return True
        return not self._watcher.names(source) and silent_s >= _ROTATED_PATIENCE_S

    async def _begin_anew(self, source: Source) -> None:
        """Its file was truncated or overwritten.

        If that was after a copy, the copy is read on. Else whatever was read of the old content is
        sent as it is; then offset 0 of a new epoch.
        """
        if not self._watcher.follow_copy(source):
            if source.pending:
                await self._deliver(source.flush(read_ns=self._clock.now_ns()))
            log.info("%s was truncated or overwritten: it begins anew", source.path)
            source.start_anew()
        record, written = self._watcher.record_of(source), False
        while not written:
            try:
                await asyncio.to_thread(self._registry.put, [record])
                written = True
            except DiskFull:
                await asyncio.sleep(1.0)
