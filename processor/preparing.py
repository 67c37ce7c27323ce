"""From consumed messages to documents: decode, tag, choose the day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import lru_cache

import orjson

from logboom.broker import ConsumedBatch
from logboom.clock import Clock, utc_text
from logboom.event import TIME_OUT_OF_RANGE, Event, IndexDays
from logboom.store import Document
from processor.tagging import tag_error

FOREIGN = "foreign"


class Preparer:
    """Makes documents of messages.

    Args:
        days: Decides on the day of an event.
        clock: For `event.ingested`.
    """

    def __init__(self, days: IndexDays, clock: Clock) -> None:
        self._days = days
        self._clock = clock
        self.errors = 0

    def prepare(self, batches: Sequence[ConsumedBatch]) -> list[Document]:
        """One document per message, in order.

        A message that is no event of ours (somebody else writes to the topic, too) becomes one
        that says so: nothing is dropped.
        """
        ingested = utc_text(self._clock.now_ns() // 1_000_000 * 1_000_000)
        return [document for batch in batches for document in self._documents(batch, ingested)]

    def _documents(self, batch: ConsumedBatch, ingested: str) -> Iterator[Document]:
        for offset, message in zip(batch.offsets, batch.messages, strict=True):
            try:
                event = orjson.loads(message.value)
                yield self._document(event, ingested)
            except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
                name = f"{batch.partition}-{offset}"
                yield self._document(foreign_event(message.value, name, ingested), ingested)

    def _document(self, event: Event, ingested: str) -> Document:
        about = event["event"]
        name = about["id"]
        day, out_of_range = self._days.day(event["@timestamp"], about["created"])
        if not isinstance(name, str) or not isinstance(event["message"], str):
            raise TypeError("not one of our events")
        about["ingested"] = ingested
        if out_of_range:
            event.setdefault("tags", []).append(TIME_OUT_OF_RANGE)
        if tag_error(event):
            self.errors += 1
        return Document(name, _date(day), event)


def foreign_event(value: bytes, name: str, created: str) -> Event:
    """An event made of a message that is none of ours.

    Args:
        value: The message, any bytes.
        name: Partition and offset: the same at every replay.
        created: When it was read.
    """
    event: Event = {
        "@timestamp": created,
        "message": value.decode("utf-8", "backslashreplace"),
        "event": {"id": f"foreign-{name}", "created": created},
        "tags": [FOREIGN],
        "attributes": {},
    }
    try:
        content = orjson.loads(value)
    except orjson.JSONDecodeError:
        return event
    if isinstance(content, dict):
        event["attributes"] = {"foreign": content}
        text = content.get("message")
        event["message"] = text if isinstance(text, str) else event["message"]
    return event


@lru_cache(maxsize=512)
def _date(day: str) -> date:
    return date.fromisoformat(day)
