"""What the tests of Elasticsearch share: stores of their own, and events."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any

from logboom.clock import Clock, SystemClock
from logboom.config import Config
from logboom.errors import StoreUnavailable
from logboom.event import Event, event_id, source_run
from logboom.query.model import MatchAll
from logboom.store import Document, SearchRequest, Store, StoreWriter
from logboom.store.elastic.store import ElasticsearchStore, open_elasticsearch

Opener = Callable[..., Awaitable[ElasticsearchStore]]
"""What the fixture `open_elastic` is."""

DAY = date(2026, 3, 14)
RUN = source_run("elasticsearch", 0)


async def opened(
    url: str | list[str], index: str, clock: Clock | None = None, **section: Any
) -> ElasticsearchStore:
    """A store whose day indices begin with `index`."""
    urls = [url] if isinstance(url, str) else url
    store = {"kind": "elasticsearch", "urls": urls, "replicas": 0, **section}
    pattern = index if "%" in index else f"{index}-%Y.%m.%d"
    config = Config.model_validate({"index": pattern, "store": store})
    return await open_elasticsearch(config.store, config, clock or SystemClock())  # type: ignore[arg-type]


def document(number: int, *, day: date = DAY, **fields: Any) -> Document:
    """An event, its time one second after that of the one before."""
    minute, second = divmod(number % 3600, 60)
    time = f"{day}T{9 + number // 3600 % 12:02}:{minute:02}:{second:02}.000Z"
    event: Event = {
        "@timestamp": time,
        "message": f"event number {number}",
        "event": {"id": event_id(RUN, number), "created": time},
        "log": {"source": RUN, "offset": number},
        "service": {"name": f"service-{number % 5}"},
        "attributes": {"seq": number},
    }
    return Document.of(event["event"]["id"], day, event | fields)


async def stored_ids(store: Store) -> list[str]:
    """The ids of all events, ascending by time."""
    ids: list[str] = []
    cursor = None
    while True:
        page = await store.search(SearchRequest(MatchAll(), limit=10_000, cursor=cursor))
        ids += [event["event"]["id"] for event in page.events]
        cursor = page.cursor
        if cursor is None:
            return ids[::-1]


async def insist(writer: StoreWriter, documents: Sequence[Document]) -> set[object]:
    """Writes as the processor does: again and again, until all of them are stored."""
    while True:
        try:
            return set(await writer.write(documents))
        except StoreUnavailable:
            continue
