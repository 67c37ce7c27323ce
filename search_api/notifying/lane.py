"""How do messages reach one receiver, in the order of each group, in spite of its failures?"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from logboom.clock import Clock
from logboom.errors import ReceiverError, StateError
from logboom.retrying import Backoff
from search_api.alerts.alert import moment_of
from search_api.notifying import wording
from search_api.notifying.notification import Notification, Outcome
from search_api.notifying.outcomes import (
    DELIVERED,
    FAILED,
    REFUSED,
    RETRYING,
    DeliveryRecord,
    Outcomes,
)
from search_api.notifying.outlets import Draw, Outlet

log = logging.getLogger("logboom.notifying")

MOST_WAITING: Final = 100
"""Messages that a lane holds; the others wait in the state."""

_AT_ONCE: Final = 8
_ONE_BY_ONE: Final = 1
_LONGEST_WAIT_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Health:
    """How it goes with a receiver.

    Attributes:
        known_at: When it was found out.
        failing_since: When the first message was decided that it did not take; None: it takes them.
        failed_at: When it failed last.
        detail: What it said then.
        lost: Messages were given up since.
        is_tried: It was told something since this process began.
    """

    known_at: datetime
    failing_since: datetime | None = None
    failed_at: datetime | None = None
    detail: str = ""
    lost: bool = False
    is_tried: bool = True


@dataclass(slots=True)
class _Waiting:
    """A message that waits for its turn."""

    notification: Notification
    backoff: Backoff
    due_s: float = 0.0
    attempts: int = 0
    looked_up: bool = False
    requests: tuple[datetime, ...] = ()


class Lane:
    """The messages of one receiver. Others never wait for it.

    Args:
        outlet: The receiver.
        outcomes: Where fates are noted.
        clock: For deadlines.
        settled: Called with the key of each message whose fate is known, and written.
        draw: Makes pictures, for receivers that can show them.
        first_wait_s: Before the second try, about; then twice as long each time.
        most_wait_s: Between two tries, at most.

    Attributes:
        health: How it goes with the receiver.
        messages: How many were settled since the start, by what became of them.
        retries: How many tries failed that are repeated, since the start.
    """

    def __init__(
        self, outlet: Outlet, outcomes: Outcomes, clock: Clock, settled: Callable[[str], None], *,
        draw: Draw | None = None, first_wait_s: float = 1.0, most_wait_s: float = 60.0,
    ) -> None:  # fmt: skip
        self._outlet = outlet
        self._outcomes = outcomes
        self._clock = clock
        self._settled = settled
        self._draw = draw if outlet.shows_pictures else None
        self._waits = (first_wait_s, most_wait_s)
        self._chains: dict[str, deque[_Waiting]] = {}
        self._keys: set[str] = set()
        self._busy: set[str] = set()
        self._news = asyncio.Event()
        self._at_once = _AT_ONCE if outlet.limit is None else _ONE_BY_ONE
        self.health = Health(self._now(), is_tried=False)
        self.messages = {DELIVERED: 0, FAILED: 0, REFUSED: 0}
        self.retries = 0

    def wants(self, key: str) -> bool:
        """Whether a message can be offered: it does not have it, and has room."""
        return key not in self._keys and len(self._keys) < MOST_WAITING

    def offer(self, notification: Notification) -> None:
        """Takes over a message that it wants."""
        first_s, most_s = self._waits
        waiting = _Waiting(notification, Backoff(first_s=first_s, most_s=most_s))
        self._keys.add(notification.key)
        self._chains.setdefault(notification.group, deque()).append(waiting)
        self._news.set()

    def clear(self) -> None:
        """Forgets all messages: somebody else may have delivered them."""
        self._chains.clear()
        self._keys.clear()
        self._busy.clear()

    async def run(self) -> None:
        """Delivers until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._news.clear()
                for group in self._due():
                    self._busy.add(group)
                    tasks.create_task(self._deliver(group))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._wait_s()):
                        await self._news.wait()

    def _due(self) -> list[str]:
        """Groups whose next message can be tried now, as many as there are free hands."""
        now_s = self._clock.monotonic()
        ready = [
            group for group, chain in self._chains.items()
            if group not in self._busy and chain[0].due_s <= now_s
        ]  # fmt: skip
        return ready[: self._at_once - len(self._busy)]

    def _wait_s(self) -> float | None:
        if len(self._busy) >= self._at_once:
            return None
        idle = [chain[0].due_s for group, chain in self._chains.items() if group not in self._busy]
        return max(0.0, min(idle) - self._clock.monotonic()) if idle else None

    async def _deliver(self, group: str) -> None:
        chain = self._chains[group]
        waiting = chain[0]
        try:
            if await self._is_settled(waiting):
                chain.popleft()
                self._keys.discard(waiting.notification.key)
                if not chain:
                    del self._chains[group]
                self._settled(waiting.notification.key)
        except StateError as error:
            log.warning("%s: its deliveries cannot be noted: %s", self._outlet.name, error)
            self._postpone(waiting, None)
        finally:
            self._busy.discard(group)
            self._news.set()

    async def _is_settled(self, waiting: _Waiting) -> bool:
        """One try; True when the message's fate is known and written."""
        key = waiting.notification.key
        if not waiting.looked_up:  # a crash came between telling the receiver and noting that
            known = self._outcomes.get(key)
            waiting.looked_up = True
            if known is not None:
                waiting.attempts, waiting.requests = known.attempts, known.requests
                if known.is_settled:
                    return True
            hidden_s = self._hidden_s(waiting.notification)
            if hidden_s > 0:
                self._postpone(waiting, hidden_s)
                return False
        if self._outlet.limit is not None and self._outlet.counts(waiting.notification):
            if (told := self._limit_reached(*self._outlet.limit)) is not None:
                await self._noted(_record(waiting, REFUSED, told, self._now()))
                self.messages[REFUSED] += 1
                return True
            await self._begin(waiting, (*waiting.requests, self._now()))
        elif self._outlet.found_after:
            await self._begin(waiting, waiting.requests)
        if self._draw is not None and waiting.attempts == 0:
            drawn = await self._draw(waiting.notification.alerts[0])
            waiting.notification = replace(waiting.notification, chart=drawn)
        outcome = await self._tried(waiting.notification)
        waiting.attempts += 1
        now = self._now()
        given_up = not outcome.delivered and (
            not outcome.retryable or self._is_late(waiting.notification, now)
        )
        status = DELIVERED if outcome.delivered else FAILED if given_up else RETRYING
        self._note_health(waiting.notification, outcome, now, lost=given_up)
        record = _record(waiting, status, outcome.detail, now)
        if status == RETRYING:
            self.retries += 1
            self._postpone(waiting, outcome.retry_after_s)
            so_far = waiting.notification.told | outcome.told
            waiting.notification = replace(waiting.notification, told=so_far)
            await self._outcomes.put(record)
            return False
        await self._noted(record)
        self.messages[status] += 1
        return True

    async def _noted(self, record: DeliveryRecord) -> None:
        """Writes a fate; while it cannot be written the message must not be sent again."""
        backoff = Backoff()
        while True:
            try:
                await self._outcomes.put(record)
            except StateError as error:
                if not error.retryable:
                    raise
                log.warning("%s: a delivery cannot be noted yet: %s", self._outlet.name, error)
                await backoff.wait()
            else:
                return

    async def _begin(self, waiting: _Waiting, requests: tuple[datetime, ...]) -> None:
        """Notes that a request is about to be sent: one whose answer is lost counts, too."""
        record = _record(waiting, RETRYING, "is being sent", self._now())
        await self._outcomes.put(replace(record, requests=requests))
        waiting.requests = requests

    def _hidden_s(self, notification: Notification) -> float:
        """How long the receiver may not find what it has made of one of these alerts, told or not."""
        if not self._outlet.found_after:
            return 0.0
        episodes = {one.episode for one in notification.alerts}
        tried_at = self._outcomes.last_tried(self._outlet.name, episodes)
        if tried_at is None:
            return 0.0
        left = tried_at + self._outlet.found_after - self._now()
        return min(left, self._outlet.found_after).total_seconds()  # the clock was set back

    def _limit_reached(self, at_most: int, within: timedelta) -> str | None:
        """Why a message must not be sent; None: it may be."""
        sent = self._outcomes.count_since(self._outlet.name, self._now() - within)
        return None if sent < at_most else f"not sent: there were {sent} within {within} already"

    async def _tried(self, notification: Notification) -> Outcome:
        try:
            async with asyncio.timeout(self._outlet.timeout_s):
                outcome = await self._outlet.deliver(notification, self._outlet.client)
        except ReceiverError as error:
            outcome = Outcome(delivered=False, detail=str(error), retryable=error.retryable)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            log.exception("%s answers as nobody expects", self._outlet.name)
            detail = f"an answer that cannot be read: {type(error).__name__}"
            outcome = Outcome(delivered=False, detail=detail, retryable=True)
        except TimeoutError:
            detail = f"no answer within {self._outlet.timeout_s:g} s"
            outcome = Outcome(delivered=False, detail=detail, retryable=True)
        if not outcome.delivered:
            log.warning("%s was not told: %s", self._outlet.name, outcome.detail)
        return outcome

    def _postpone(self, waiting: _Waiting, at_least_s: float | None) -> None:
        wait_s = max(waiting.backoff.next_wait_s(), min(at_least_s or 0.0, _LONGEST_WAIT_S))
        waiting.due_s = self._clock.monotonic() + wait_s

    def _is_late(self, notification: Notification, now: datetime) -> bool:
        return now - notification.at >= self._outlet.give_up_after

    def _note_health(
        self, notification: Notification, outcome: Outcome, now: datetime, *, lost: bool
    ) -> None:
        if outcome.delivered:
            self.health = Health(now)
            return
        since = self.health.failing_since
        began = notification.at if since is None else min(since, notification.at)
        self.health = Health(now, began, now, outcome.detail, lost or self.health.lost)

    def _now(self) -> datetime:
        return moment_of(self._clock.now_ns() // 1000)


def _record(waiting: _Waiting, status: str, detail: str, now: datetime) -> DeliveryRecord:
    notification = waiting.notification
    return DeliveryRecord(
        notification.key, notification.receiver, notification.kind, wording.title(notification),
        [one.episode for one in notification.alerts], status, detail, waiting.attempts,
        notification.at, now, waiting.requests,
    )  # fmt: skip
