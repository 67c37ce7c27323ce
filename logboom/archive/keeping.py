"""Which days and archives are too old, and who sees to it that they go?"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from logboom.archive import files, orders
from logboom.archive.manifest import Manifest, manifests
from logboom.archive.work import DayWork
from logboom.clock import Clock
from logboom.config import RetentionSection
from logboom.errors import LogboomError
from logboom.state import State
from logboom.state.lease import Lease
from logboom.store import Store

log = logging.getLogger("logboom.days")

_EACH_S = 3600.0
_LOOK_S = 1.0
_ALL = "days cannot be looked after"


def too_old(days: Iterable[date], now: datetime, keep: timedelta) -> list[date]:
    """The days that ended longer ago than `keep`, ascending.

    Args:
        days: UTC days.
        now: In UTC.
        keep: How long a day is kept after its end.
    """
    return sorted(day for day in days if _end(day) + keep <= now)


def expired(known: Iterable[Manifest], now: datetime) -> list[Manifest]:
    """The deleted archives whose grace is over."""
    return [
        one
        for one in known
        if one.delete_after is not None and datetime.fromisoformat(one.delete_after) <= now
    ]


def _end(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


@dataclass(slots=True)
class Counts:
    """What retention has done since the start, by the names of its metrics."""

    dropped: int = 0
    archived: int = 0
    archives_deleted: int = 0
    failures: int = 0

    def counters(self) -> Mapping[str, float]:
        """As they are told on the status stream."""
        return {
            "indices_dropped": self.dropped,
            "indices_archived": self.archived,
            "archives_deleted": self.archives_deleted,
            "retention_failures": self.failures,
        }


class Keeper:
    """Carries out orders within seconds, and retention at the start and every hour.

    Args:
        work: Does what is decided here.
        store: Has the days.
        state: Has the orders.
        section: How long days are kept.
        clock: For ages.
        lease: One of several processors does it.
        warn: Is told of what fails, a sentence each.
        over: Is told the same sentence once that is over.
        is_ready: True once the store can be written to.
    """

    def __init__(
        self, work: DayWork, store: Store, state: State, section: RetentionSection, clock: Clock,
        *, lease: Lease, is_ready: Callable[[], bool], warn: Callable[[str], None],
        over: Callable[[str], None],
    ) -> None:  # fmt: skip
        self._work = work
        self._store = store
        self._state = state
        self._section = section
        self._clock = clock
        self._lease = lease
        self._is_ready = is_ready
        self._warn = warn
        self._over = over
        self._told: dict[str, str] = {}
        self._due = clock.monotonic()
        self.counts = Counts()

    @property
    def trouble(self) -> str | None:
        """What has failed last, and was not done since; in words for people."""
        return next(reversed(self._told.values()), None)

    async def run(self) -> None:
        """Works until it is cancelled. What fails is told, and tried again."""
        while True:
            if self._is_ready():
                await self.look()
            await asyncio.sleep(_LOOK_S)

    async def look(self) -> None:
        """Does what is to be done now; what could not be done is due again at the next look."""
        try:
            await self._look()
        except LogboomError as error:
            self._failed(_ALL, error)
        else:
            self._settle(_ALL)

    async def _look(self) -> None:
        waiting = await orders.waiting(self._state, self._clock)
        is_due = self._clock.monotonic() >= self._due
        if not waiting and not is_due:
            return
        async with self._lease.held() as mine:
            if not mine:
                return
            await self._work.finish()
            for record in waiting:
                await orders.fulfil(self._state, record, self._work)
            if is_due:
                await self.keep()
                self._due = self._clock.monotonic() + _EACH_S

    async def keep(self) -> None:
        """Retention, once: days first, then archives. What fails does not keep the others.

        Raises:
            LogboomError: It cannot be found out what there is.
        """
        now = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)
        held = await self._work.held()
        days = [one.day for one in await self._store.days() if one.day not in held]
        for what in tuple(self._told):
            self._settle(what)
        for day in too_old(days, now, self._section.keep):
            await self._let_go(day)
        await asyncio.to_thread(self._keep_archives, now)

    async def _let_go(self, day: date) -> None:
        try:
            if self._section.archive_to is not None:
                await self._work.archive(day)
                self.counts.archived += 1
            else:
                await self._work.delete(day, self._section.grace)
                self.counts.dropped += 1
        except (LogboomError, OSError) as error:
            self._failed(f"the day {day} is too old and cannot be let go", error)

    def _keep_archives(self, now: datetime) -> None:
        """Deletes archives that are too old, and deleted ones whose grace is over."""
        try:
            old: Sequence[Manifest] = ()
            if self._section.archive_keep is not None:
                known = list(manifests(self._work.archives))
                limit = set(too_old((one.day for one in known), now, self._section.archive_keep))
                old = [one for one in known if one.day in limit]
            for manifest in old:
                self._work.delete_archive(manifest, self._section.grace)
                log.info("the archive %s is too old and was deleted", manifest.data)
                self.counts.archives_deleted += 1
            for manifest in expired(manifests(self._work.deleted), now):
                files.delete(manifest)
                log.info("the grace of %s is over: it is gone", manifest.data)
        except (LogboomError, OSError) as error:
            self._failed("old archives cannot be deleted", error)

    def _failed(self, what: str, error: Exception) -> None:
        reason = error.sentence() if isinstance(error, LogboomError) else str(error)
        self.counts.failures += 1
        sentence = f"{what}: {reason}"
        if self._told.get(what) != sentence:
            self._settle(what)
            log.warning("%s", sentence)
        self._told[what] = sentence
        self._warn(sentence)

    def _settle(self, what: str) -> None:
        sentence = self._told.pop(what, None)
        if sentence is not None:
            self._over(sentence)
