"""What has become of each message?"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from logboom.state import State, Write
from search_api.notifying.keeping import all_records

KIND: Final = "alert-delivery"
KEPT_FOR: Final = timedelta(days=7)
MOST_KEPT: Final = 5000

DELIVERED: Final = "delivered"
RETRYING: Final = "retrying"
FAILED: Final = "failed"
REFUSED: Final = "refused"

_NOTHING: Final[Mapping[str, timedelta]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class DeliveryRecord:
    """What is known of one message.

    Attributes:
        key: The idempotency key.
        receiver: Its name.
        kind: Of the message.
        title: The message in one line.
        alerts: The episodes that it tells of.
        status: `delivered`, `retrying`, `failed`: it was given up, or `refused`: not sent, since
            there were too many.
        detail: What the receiver said last.
        attempts: How often it was tried.
        decided_at: When the message was decided.
        at: Of the last try.
        requests: When it was sent, or was about to be; only where that is limited.
    """

    key: str
    receiver: str
    kind: str
    title: str
    alerts: Sequence[str]
    status: str
    detail: str
    attempts: int
    decided_at: datetime
    at: datetime
    requests: tuple[datetime, ...] = ()

    @property
    def is_settled(self) -> bool:
        """Whether nothing more will be tried."""
        return self.status != RETRYING

    def to_json(self) -> dict[str, Any]:
        """A JSON object that `from_json` reads."""
        return {
            "receiver": self.receiver,
            "kind": self.kind,
            "title": self.title,
            "alerts": list(self.alerts),
            "status": self.status,
            "detail": self.detail,
            "attempts": self.attempts,
            "decided_at": self.decided_at.isoformat(),
            "at": self.at.isoformat(),
            "requests": [one.isoformat() for one in self.requests],
        }

    @classmethod
    def from_json(cls, key: str, value: Mapping[str, Any]) -> DeliveryRecord:
        """Reads what `to_json` wrote."""
        return cls(
            key, value["receiver"], value["kind"], value["title"], tuple(value["alerts"]),
            value["status"], value["detail"], value["attempts"],
            datetime.fromisoformat(value["decided_at"]), datetime.fromisoformat(value["at"]),
            tuple(datetime.fromisoformat(one) for one in value.get("requests", ())),
        )  # fmt: skip


class Outcomes:
    """The fates of messages, in the state; this process knows those of its time.

    Args:
        state: Has them.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[str, DeliveryRecord] = {}
        self._unwritten: dict[str, DeliveryRecord] = {}
        self._writing = asyncio.Lock()

    async def read(self) -> list[DeliveryRecord]:
        """All that are kept, as anybody wrote them last, the newest first.

        Raises:
            StateError: They cannot be read.
        """
        async with self._writing:  # what is written meanwhile would be missing in it
            records = await all_records(self._state, KIND)
            found = [DeliveryRecord.from_json(one.key, one.value) for one in records]
            self._known = {one.key: one for one in found}
        return sorted(found, key=lambda one: one.at, reverse=True)

    def get(self, key: str) -> DeliveryRecord | None:
        """What was read or put of a message."""
        return self._known.get(key)

    async def put(self, record: DeliveryRecord) -> None:
        """Notes a fate; those that come at once are written at once.

        Raises:
            StateError: It may or may not be written.
        """
        self._unwritten[record.key] = record
        async with self._writing:
            if self._unwritten.get(record.key) is not record:
                return
            batch = list(self._unwritten.values())
            await self._state.put_many([Write(KIND, one.key, one.to_json()) for one in batch])
            for one in batch:
                self._known[one.key] = one
                if self._unwritten.get(one.key) is one:
                    del self._unwritten[one.key]

    def count_since(self, receiver: str, since: datetime) -> int:
        """How many requests were sent to a receiver since an instant, whatever it answered."""
        return sum(
            at >= since
            for one in self._known.values()
            if one.receiver == receiver
            for at in one.requests
        )

    def last_tried(self, receiver: str, episodes: Collection[str]) -> datetime | None:
        """When a receiver was told of one of some alerts last, or was about to be; None: never."""
        return max(
            (
                one.at
                for one in self._known.values()
                if one.receiver == receiver and any(name in episodes for name in one.alerts)
            ),
            default=None,
        )

    async def prune(self, now: datetime, counted: Mapping[str, timedelta] = _NOTHING) -> None:
        """Forgets those of long ago, and the oldest of too many.

        Args:
            now: The time.
            counted: Receivers whose requests of so long still count: those are kept.

        Raises:
            StateError: Some are still there.
        """
        settled = [one for one in await self.read() if one.is_settled]
        for number, one in enumerate(settled):
            within = counted.get(one.receiver, timedelta(0))
            if any(now - at < within for at in one.requests):
                continue
            if number >= MOST_KEPT or now - one.at > KEPT_FOR:
                await self._state.delete(KIND, one.key)
                self._known.pop(one.key, None)
