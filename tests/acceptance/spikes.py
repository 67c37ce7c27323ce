"""Errors that come while rules are evaluated, and the judgement over what was told of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from logboom.clock import SystemClock, utc_text
from logboom.event import event_id, source_run
from logboom.store import Document, Outcome, Store, StoreWriter
from search_api.alerts.builtin import NAME as OUR_OWN

SETTLE_S = 5
"""Windows are evaluated so long after their end."""

LATE_S = 8
"""What is so old when it is stored has come too late for the first windows that it belongs to."""

Change = tuple[str, str, str, str | None]
"""The series, its state, when it began to fire, when it ended."""


@dataclass
class Spikes:
    """Writes events of just now to a store, as a processor does.

    Args:
        store: The store.
        writer: Of the store.

    Attributes:
        services: Those that had a spike of errors.
        late: How many of them could not be found yet when their window was evaluated.
    """

    store: Store
    writer: StoreWriter
    services: list[str] = field(default_factory=list)
    late: int = 0
    _offset: int = 0

    async def write(self, services: Iterable[str], *, errors: int = 5, age_s: float = 0.0) -> None:
        """Some errors of each of some services, all of one instant, some seconds ago."""
        names = list(services)
        now_ns = (SystemClock().now_ns() - round(age_s * 1e9)) // 1_000_000 * 1_000_000
        documents = [self._error(name, now_ns) for name in names for _ in range(errors)]
        assert set(await self.writer.write(documents)) == {Outcome.STORED}
        await self.store.refresh()
        if SystemClock().now_ns() - now_ns >= SETTLE_S * 1_000_000_000:
            self.late += len(names)
        self.services += names

    def _error(self, service: str, now_ns: int) -> Document:
        self._offset += 1
        run, now, stored = source_run("spikes", 0), utc_text(now_ns), SystemClock().now_ns()
        name = event_id(run, self._offset)
        event = {
            "@timestamp": now,
            "event": {
                "id": name,
                "created": now,
                "ingested": utc_text(stored),
                "duration": 2_000_000_000,
            },
            "log": {"level": "error", "source": run, "offset": self._offset},
            "service": {"name": service},
            "message": "payment failed",
            "tags": ["error"],
        }
        return Document.of(name, datetime.fromtimestamp(now_ns / 1e9, UTC).date(), event)


def told_once(posted: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """What a receiver was told that looks at idempotency keys.

    Args:
        posted: The documents that it took.

    Returns:
        The alerts by episode and state, without our own, such as `PipelineLate`.

    Raises:
        AssertionError: One key meant two things, or an alert was told under two keys.
    """
    meant: dict[str, set[tuple[str, str]]] = {}
    keys: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    alerts = {}
    for document in posted:
        told = {(alert["episode"], alert["state"]): alert for alert in document["alerts"]}
        assert meant.setdefault(document["key"], {*told}) == {*told}
        for one, alert in told.items():
            keys[one].add(document["key"])
            alerts[one] = alert
    twice = {one: found for one, found in keys.items() if len(found) > 1}
    assert not twice, f"told under several keys: {twice}"
    return {
        one: alert for one, alert in alerts.items() if not alert["rule"].startswith(f"{OUR_OWN}/")
    }


def times_told(posted: Sequence[Mapping[str, Any]]) -> Counter[int]:
    """How many keys came once, how many twice, and so on."""
    return Counter(Counter(document["key"] for document in posted).values())


def changes_of(alerts: Iterable[Mapping[str, Any]]) -> set[Change]:
    """What alerts say of which series."""
    return {
        (f"{one['rule']} {one['labels']['service.name']}", one["state"], one["starts_at"],
         one["ends_at"])
        for one in alerts
    }  # fmt: skip


def is_deciding(url: str) -> bool:
    """Whether rules have been evaluated: from here on it is remembered what has been."""
    try:
        answer = httpx.get(f"{url}/api/v1/rules", timeout=10)
    except httpx.TransportError:
        return False
    return answer.status_code == 200 and any(one["last"] for one in answer.json()["groups"])


def backtested(url: str, rule: str, since: str) -> set[Change]:
    """What a rule would have told since a time, all of it.

    Raises:
        AssertionError: There was more than is shown.
    """
    body = {"rule": rule, "from": since}
    answer = httpx.post(f"{url}/api/v1/rules/backtest", json=body, timeout=120)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["fired"] == sum(one["state"] == "firing" for one in found["alerts"])
    return changes_of(found["alerts"])
