"""What rollups must say of events, worked out from the events alone, one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from logboom.event import Event, epoch_us, event_id, source_run
from logboom.rollups import Durations, Row, Tier, added_up
from logboom.rollups.durations import bounds
from logboom.store import Document

RUN = source_run("rollups", 0)
LONGEST = 2**63 - 1
_BUCKETS = bounds(1, LONGEST)


def happening(
    number: int, time: str, *, service: Any = None, host: Any = None, level: str | None = None,
    error: bool = False, status: int | None = None, duration: int | None = None,
    read: str | None = None, day: date | None = None,
) -> Document:  # fmt: skip
    """An event as the processor stores it.

    Args:
        number: Makes its id.
        read: When it was read; default: at once.
        day: Of its index; default: that of its time.
    """
    identity = event_id(RUN, number)
    event: Event = {
        "@timestamp": time,
        "message": f"happening {number}",
        "event": {"id": identity, "created": read or time},
        "log": {"source": RUN, "offset": number},
    }
    if duration is not None:
        event["event"]["duration"] = duration
    if level is not None:
        event["log"]["level"] = level
    if service is not None:
        event["service"] = {"name": service}
    if host is not None:
        event["host"] = {"name": host}
    if status is not None:
        event["http"] = {"response": {"status_code": status}}
    if error:
        event["tags"] = ["error"]
    return Document.of(identity, day or date.fromisoformat(time[:10]), event)


def truth(documents: Iterable[Document], tier: Tier = Tier.MINUTE) -> list[Row]:
    """The rows of these events, each counted once."""
    distinct = {(document.day, document.id): document for document in documents}
    minutes = [_row_of(document) for document in distinct.values()]
    return added_up(minutes, tier.width_us)


def in_order(rows: Sequence[Row]) -> list[Row]:
    """Rows as `truth` orders them."""
    return sorted(rows, key=lambda row: (row.start_us, row.group))


def _row_of(document: Document) -> Row:
    event = document.event
    own = event["@timestamp"][:10] == document.day.isoformat()
    time_us = epoch_us(event["@timestamp"] if own else event["event"]["created"])
    status = event.get("http", {}).get("response", {}).get("status_code", 0)
    duration = event["event"].get("duration")
    return Row(
        Tier.MINUTE.start_us(time_us),
        event.get("service", {}).get("name", ""),
        event.get("host", {}).get("name", ""),
        event["log"].get("level", ""),
        events=1,
        errors=int("error" in event.get("tags", ())),
        requests=int(100 <= status <= 599),
        server_errors=int(500 <= status <= 599),
        last_ms=time_us // 1000,
        durations=Durations() if duration is None else _sketch(duration),
    )


def _sketch(duration: int) -> Durations:
    if duration < 1:
        return Durations(zeros=1)
    found: defaultdict[int, int] = defaultdict(int)
    for key, start, end in _BUCKETS:
        if start <= duration < end:
            found[key] += 1
    return Durations(bins=dict(found))
