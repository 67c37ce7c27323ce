"""Which source is read next, and what happens at the ends of files?

Everything is polled: the answer is right on every file system. A file with news is looked at again
soon, a silent one ever less often. One turn reads a bounded piece of each source that is due, so that
a busy file never starves the others; only the log that was rotated away is read before the one that
took its place.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from pathlib import Path

from logboom.clock import Clock
from logboom.config import MultilineSection, ShipperSection
from logboom.errors import RegistryUnavailable
from logboom.own_thread import to_the_end
from logboom.retrying import Backoff
from shipper.files.followed import FollowedFile, Reading, ReadState
from shipper.files.handles import FileMoved
from shipper.reading.following import Followed
from shipper.reading.port import Maker
from shipper.reading.sources import Source, unknown_behind
from shipper.reading.watching import GONE_PATIENCE_S, Watcher
from shipper.registry.losses import unread
from shipper.registry.registry import Registry
from shipper.troubles import Troubles

log = logging.getLogger("logboom.shipper")

_FIRST_PIECE_BYTES = 16 * 1024
"""Formats are found out with little: what follows is faster then."""
_PIECE_BYTES = 512 * 1024
_FIRST_LOOK_S = 0.02
_UNTERMINATED_PATIENCE_S = 5.0
_ROTATED_PATIENCE_S = 300.0
_UNREPLACED_PATIENCE_S = 86_400.0
_FEW = 200
_REST_FACTOR = 5.0
_LOOKS_PER_S = 2000.0
_GRID_S = 0.25
_REST_SHARE = 0.1
"""Of many files, those that were silent for long are looked at less often: after this part of it."""


_NO_NEWS = Reading(ReadState.END)


def _uncounted(_count: int) -> None:
    """For those who need not know."""


class Reader:
    """Reads all sources in turn and gives what comes of it away.

    Args:
        watcher: Has the sources.
        registry: Told of new epochs before anything of them is read.
        section: The shipper's settings.
        clock: For read times and for patience.
        maker: Makes events of what was read; waiting in it is what holds back reading.
        skipped: Told how many NUL bytes were passed over.
        troubles: Told when the registry is waited for.
    """

    def __init__(
        self, watcher: Watcher, registry: Registry, section: ShipperSection, clock: Clock,
        maker: Maker, skipped: Callable[[int], None] = _uncounted,
        troubles: Troubles | None = None,
    ) -> None:  # fmt: skip
        self._watcher = watcher
        self._registry = registry
        self._flush_after_s = section.flush_after.total_seconds()
        self._longest_look_s = section.poll_interval.total_seconds()
        self._clock = clock
        self._maker = maker
        self._skipped = skipped
        self._troubles = Troubles() if troubles is None else troubles
        self._news = asyncio.Event()

    async def turn(self) -> bool:
        """Looks at every source whose time has come, once.

        Returns:
            True when any of them had something.
        """
        any_news = False
        looks = self._watcher.looks
        for source in looks.due(self._clock.monotonic()):
            if not self._maker.has_room(source):
                continue
            file = source.file
            if file is None:
                looks.put(source)
                continue
            is_idle = source.state == "idle" and not source.pending
            has_news = not is_idle or file.may_have_news()
            if not has_news and self._goes_on_resting(source, file):
                continue
            before = source.next_look
            any_news = await self._look(source, file, has_news=has_news) or any_news
            if source.next_look == before:
                looks.put(source)
        return any_news

    def next_look(self) -> float:
        """Monotonic time at which some source should be looked at again."""
        when = self._watcher.looks.next()
        return self._clock.monotonic() + self._longest_look_s if when is None else when

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

    async def _look(self, source: Source, file: FollowedFile, *, has_news: bool) -> bool:
        if self._watcher.has_elder(source):
            source.next_look = self._clock.monotonic() + _FIRST_LOOK_S
            return False
        try:
            reading = file.read(self._piece_bytes(source)) if has_news else _NO_NEWS
        except FileMoved:
            return await self._find_again(source)
        except OSError as error:
            reason = error.strerror or str(error)
            if source.state != "unreadable":
                log.warning("%s cannot be read: %s", source.path, reason)
            source.is_behind = False
            source.set_state("unreadable", reason)
            self._later(source)
            return False
        return await self._act(source, reading)

    def _piece_bytes(self, source: Source) -> int:
        """How much of a source is read at once: little at first."""
        return min(_PIECE_BYTES, _FIRST_PIECE_BYTES << min(2 * source.pieces, 10))

    def _goes_on_resting(self, source: Source, file: FollowedFile) -> bool:
        """Puts a file without news off; False when something is to be done about it."""
        if file.is_packed and not file.is_resting:
            return False
        now = self._clock.monotonic()
        if now - source.silent_since >= _ROTATED_PATIENCE_S and not self._watcher.names(source):
            return False
        source.is_behind = False
        source.looked_ns = self._clock.now_ns()
        self._put_off(source, now)
        return True

    async def _act(self, source: Source, reading: Reading) -> bool:
        """Does what a look asks for; True when there was news."""
        match reading.state:
            case ReadState.DATA:
                await self._data(source, reading.data)
                return True
            case ReadState.REPLACED:
                return await self._begin_anew(source)
            case ReadState.SKIPPING:
                return True
            case ReadState.SKIPPED:
                await self._skip(source, reading.skipped)
                return True
            case ReadState.BINARY:
                if source.state != "binary":
                    log.warning("%s is not read: %s", source.path, reading.detail)
                source.is_behind = False
                source.set_state("binary", f"not read: {reading.detail}")
                self._later(source)
                return False
            case ReadState.END:
                return await self._end(source)

    async def _find_again(self, source: Source) -> bool:
        """Its file was closed and is not where it was."""
        source.is_behind = False
        followed = self._watcher.find_again(source)
        if followed is not Followed.NO:
            self._later(source)
            return followed is Followed.YES
        await self._flush(source)
        unread_to = 0 if source.file is None else source.file.unread_to
        is_told = source.file is None or source.file.is_packed or unread_to > source.read_offset
        await self._lose_unread(source, unread_to, "its file was deleted")
        if not source.tally.lines_in_flight:
            log.info("%s is gone; it was closed when it was deleted", source.path)
            if is_told:
                source.set_state("gone", "deleted; it was read to its end when it was closed")
            else:
                source.vanished_ns = self._clock.now_ns()
                source.set_state("vanished", unknown_behind(source.acked_offset))
            self._release(source)
        else:
            self._later(source)
        return False

    async def _flush(self, source: Source) -> None:
        """Sends what is pending as it is: what follows has nothing to do with it."""
        if source.pending:
            await self._maker.flush(source, read_ns=self._clock.now_ns())
            await self._maker.quiet(source)

    def _release(self, source: Source) -> None:
        self._watcher.release(source)
        self._maker.forget(source)

    async def _skip(self, source: Source, count: int) -> None:
        await self._flush(source)
        source.skip(count)
        self._skipped(count)
        log.info("%s: %d NUL bytes were skipped", source.path, count)

    async def _data(self, source: Source, data: bytes) -> None:
        source.silent_since = self._clock.monotonic()
        source.looked_ns = self._clock.now_ns()
        source.is_behind = len(data) >= self._piece_bytes(source)
        source.pieces += 1
        source.look_interval_s = _FIRST_LOOK_S
        source.next_look = (
            source.silent_since if source.is_behind else source.silent_since + _FIRST_LOOK_S
        )
        source.set_state("reading")
        if not source.read_offset:
            self._watcher.begin(source)
        await self._maker.take(source, data, read_ns=self._clock.now_ns())

    async def _end(self, source: Source) -> bool:
        now = self._clock.monotonic()
        silent_s = now - source.silent_since
        source.is_behind = False
        source.looked_ns = self._clock.now_ns()
        source.set_state("idle")
        if source.pending and silent_s >= self._patience_s(source):
            await self._maker.flush(source, read_ns=self._clock.now_ns())
            return True
        if not source.pending and self._is_over(source, silent_s):
            self._release(source)
            return False
        if not source.pending and not source.tally.lines_in_flight:
            await self._rest(source)
        self._later(source)
        return False

    async def _rest(self, source: Source) -> None:
        """Everything of its file is read and acknowledged."""
        file = source.file
        if file is not None and file.is_packed and not file.is_resting:
            source.packed_size = file.rest()
            await self._write(source)

    def _later(self, source: Source) -> None:
        self._put_off(source, self._clock.monotonic())

    def _put_off(self, source: Source, now: float) -> None:
        """Looks again after a while that grows, up to the longest."""
        interval_s = max(_FIRST_LOOK_S, source.look_interval_s * 1.5)
        if interval_s > self._longest_look_s:
            interval_s = min(interval_s, self._longest_s(now - source.silent_since))
        source.look_interval_s = interval_s
        due = now + interval_s
        if interval_s >= _GRID_S:  # those that rest are looked at together
            due = math.ceil(due / _GRID_S) * _GRID_S
        source.next_look = due

    def _longest_s(self, silent_s: float) -> float:
        """The longest while between two looks at a file that has been silent for so long."""
        longest_s, count = self._longest_look_s, len(self._watcher.sources)
        if count <= _FEW:
            return longest_s
        rested_s = max(_REST_SHARE * silent_s, count / _LOOKS_PER_S)
        return max(longest_s, min(_REST_FACTOR * longest_s, rested_s))

    def _patience_s(self, source: Source) -> float:
        """How long an event that might go on is held back."""
        multiline = source.section.multiline
        after_s = (
            multiline.timeout_s if isinstance(multiline, MultilineSection) else self._flush_after_s
        )
        if source.ends_line:
            return after_s
        return max(after_s, _UNTERMINATED_PATIENCE_S)

    def _is_over(self, source: Source, silent_s: float) -> bool:
        """A file that was deleted or rotated away is let go when it stays silent."""
        file = source.file
        if file is None or silent_s < GONE_PATIENCE_S:
            return False
        if source.tally.lines_in_flight:
            return False
        if file.is_deleted():
            log.info("%s is gone, and was read to its end", source.path)
            source.set_state("gone", "deleted, and read to its end")
            return True
        if self._watcher.names(source) or silent_s < _ROTATED_PATIENCE_S:
            return False
        is_replaced = Path(source.family).exists()  # else its writer has no other file yet
        return is_replaced or silent_s >= _UNREPLACED_PATIENCE_S

    async def _begin_anew(self, source: Source) -> bool:
        """Its file was truncated or overwritten.

        If that was after a copy, the copy is read on. Else whatever was read of the old content is
        sent as it is; then offset 0 of a new epoch.
        """
        followed = self._watcher.follow_copy(source)
        if followed is Followed.NOT_YET:
            self._later(source)
            return False
        if followed is Followed.NO:
            await self._flush(source)
            why = "its file was truncated or overwritten"
            await self._lose_unread(
                source, 0 if source.file is None else source.file.surely_to, why
            )
            log.info("%s was truncated or overwritten: it begins anew", source.path)
            source.start_anew()
        await self._write(source)
        return True

    async def _lose_unread(self, source: Source, end: int, why: str) -> None:
        """What was seen behind our place, up to an end, and is gone is a loss, written down once."""
        file = source.file
        if file is None or source.state == "binary" or end <= file.offset:
            return
        span, now_ns = (file.offset, end), self._clock.now_ns()
        loss = unread(source.id, source.run, source.epoch, source.path, span, why, now_ns)
        log.error("%s: %s", source.path, loss.reason)
        file.go_on_unseen()
        await self._note(lambda: self._registry.lose_unread(loss))

    async def _write(self, source: Source) -> None:
        records = self._watcher.records_of(source)
        await self._note(lambda: self._registry.put(records))

    async def _note(self, write: Callable[[], None]) -> None:
        """Nothing goes on before the registry has it: what is waited for is told."""
        backoff = Backoff()
        while True:
            try:
                await to_the_end(write)
                break
            except RegistryUnavailable as error:
                await self._troubles.wait("registry", error, backoff)
        self._troubles.over("registry")
