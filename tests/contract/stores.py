"""What the contract tests of the stores share: configurations, events, and ways to ask."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from logboom.config import Config
from logboom.event import Event, event_id, source_run
from logboom.query.model import Query
from logboom.store import (
    Document,
    Outcome,
    SearchRequest,
    SortOrder,
    Store,
    StoreWriter,
    TimeRange,
)

DAY = date(2026, 3, 14)
RUN = source_run("contract", 0)
OTHER_RUN = source_run("contract", 1)
MINUTE_US = 60_000_000


def config_of(kind: str, request: pytest.FixtureRequest, data: Path, unique: str) -> Config:
    """A configuration whose store nobody else uses."""
    settings: dict[str, Any] = {"data": data, "index": f"{unique}-%Y.%m.%d"}
    if kind == "elasticsearch":
        url = request.getfixturevalue("elasticsearch")
        settings["store"] = {"kind": "elasticsearch", "urls": [url], "replicas": 0}
    return Config.model_validate(settings)


def at(*, days: int = 0, **since_nine: float) -> str:
    """A time of the test's day: nine o'clock, and then."""
    moment = datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=UTC)
    moment += timedelta(days=days, **since_nine)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def document(
    offset: int = 0,
    time: str | None = None,
    *,
    run: str = RUN,
    day: date | None = None,
    **fields: Any,
) -> Document:
    """An event as the shipper normalises it; `fields` are the event's own objects."""
    time = at() if time is None else time
    identity = event_id(run, offset)
    event: Event = {
        "@timestamp": time,
        "message": f"event number {offset}",
        "event": {"id": identity, "created": time},
        "log": {"source": run, "offset": offset},
    }
    for name, value in fields.items():
        known = event.get(name)
        event[name] = {**known, **value} if isinstance(known, dict) else value
    return Document.of(identity, day or date.fromisoformat(time[:10]), event)


def ids(documents: Sequence[Document]) -> list[str]:
    return [one.id for one in documents]


async def put(store: Store, writer: StoreWriter, documents: Sequence[Document]) -> None:
    """Stores documents that are new, and makes them visible."""
    answers = await writer.write(documents)
    assert list(answers) == [Outcome.STORED] * len(documents)
    await store.refresh()


async def found(store: Store, query: Query, **request: Any) -> list[str]:
    """The ids of all matches, in the order of the search."""
    page = await store.search(SearchRequest(query, limit=1000, **request))
    return [event["event"]["id"] for event in page.events]


async def read_all(
    store: Store, query: Query, *, limit: int, order: SortOrder, times: TimeRange
) -> list[str]:
    """The ids on all pages, one after the other."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        request = SearchRequest(query, times, limit, order, cursor)
        page = await store.search(request)
        seen += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            return seen
        assert len(page.events) == limit, "only the last page may be short"


def tied() -> list[Document]:
    """Events of five days, many of them at the same instant, from two sources."""
    documents = []
    for n in range(60):
        time = at(days=n // 15, milliseconds=(n % 15) // 6)
        documents.append(document(100 * n, time, run=RUN if n % 3 else OTHER_RUN))
    return documents
