"""From consumed messages to documents: tag, choose the day, note the time.

An event is changed as little as can be: what is added is set into its bytes. Only where that is not
enough is it decoded.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

import msgspec
import orjson
from msgspec import UNSET, Struct

from logboom.bounds import MANY_KEYS, TRUNCATED, bounded_attributes, has_many_names
from logboom.broker import ConsumedBatch
from logboom.broker.runs import values_of
from logboom.clock import Clock, utc_text
from logboom.config.tagging import ErrorsSection
from logboom.event import TIME_OUT_OF_RANGE, Event, IndexDays
from logboom.grouping import is_fingerprint
from logboom.head import ErrorPart, EventPart, Head, head_of, identity_text, lenient_head
from logboom.native import Library
from logboom.store import Document
from processor.fingerprints import Fingerprinter
from processor.grouping import Groups
from processor.marking import exceptional, with_mark
from processor.tagging import ERROR_TAG, Tagger
from processor.tallying import DURATION_ENDS_NS, Tally, merged, read_tally, tally

FOREIGN = "foreign"
_NATIVE_MARK = b',"error":{"detected_by":"level"},"tags":["error"]}'
_FULL_MARK = b',"error":{"detected_by":"level","fingerprint":"%b"},"tags":["error"]}'
_END = b"}"[0]


class _Message(Struct, gc=False):
    message: str


_MESSAGE = msgspec.json.Decoder(_Message)


class Made(NamedTuple):
    """Documents, and what is counted of them."""

    documents: list[Document]
    tally: Tally


class Preparer:
    """Makes documents of messages.

    Args:
        days: Decides on the day of an event.
        clock: For `event.ingested`.
        library: The compiled part, which prepares the usual events.
        tagger: Decides which events are errors.
        groups: Is told of every error.
    """

    def __init__(
        self, days: IndexDays, clock: Clock, library: Library | None = None,
        tagger: Tagger | None = None, groups: Groups | None = None,
    ) -> None:  # fmt: skip
        self._days = days
        self._clock = clock
        self._tagger = Tagger(ErrorsSection()) if tagger is None else tagger
        self._library = library if self._tagger.is_usual else None
        self._groups = Groups() if groups is None else groups
        self._fingerprints = Fingerprinter()
        self.errors = 0

    def prepare(self, batches: Sequence[ConsumedBatch]) -> Made:
        """One document per message, in order.

        A message that is no event of ours (somebody else writes to the topic, too) becomes one
        that says so: nothing is dropped.
        """
        ingested = utc_text(self._clock.now_ns() // 1_000_000 * 1_000_000)
        made = [self._made(batch, ingested) for batch in batches]
        documents = [document for one in made for document in one.documents]
        return Made(documents, merged(one.tally for one in made))

    def _made(self, batch: ConsumedBatch, ingested: str) -> Made:
        values = values_of(batch.messages)
        if self._library is None:
            numbered = zip(batch.offsets, values, strict=True)
            documents = [
                self._document(batch, offset, value, ingested) for offset, value in numbered
            ]
            return Made(documents, tally(documents))
        made = self._library.prepare(values, ingested, DURATION_ENDS_NS)
        self.errors += len(made.errors)
        day = _date(made.day) if any(made.values) else date.min
        for number in made.errors:
            made.values[number] = self._with_fingerprint(made.values[number])
        documents = list(map(Document, made.ids, repeat(day), made.values))
        if b"" in made.values:
            for number, value in enumerate(made.values):
                if not value:
                    offset, left = batch.offsets[number], values[number]
                    documents[number] = self._document(batch, offset, left, ingested)
        uncounted = [documents[number] for number in made.uncounted]
        return Made(documents, merged((read_tally(made.tally), tally(uncounted))))

    def _document(self, batch: ConsumedBatch, offset: int, value: bytes, ingested: str) -> Document:
        spliced = self._spliced(value, ingested)
        return spliced or self._decoded_or_foreign(value, f"{batch.partition}-{offset}", ingested)

    def _decoded_or_foreign(self, value: bytes, name: str, ingested: str) -> Document:
        """Whatever a message is, it becomes a document: no message can stop the processor."""
        event = own_event(value, self._days)
        try:
            return self._decoded(event or foreign_event(value, name, ingested), ingested)
        except (ValueError, RecursionError):  # nested beyond all bounds
            text = value.decode("utf-8", "backslashreplace")
            return self._decoded(foreign_text(text, name, ingested), ingested)

    def _spliced(self, value: bytes, ingested: str) -> Document | None:
        """The document of an event as the shipper writes it; None when it has to be decoded."""
        head = head_of(value)
        if head is None or not head.timestamp or not head.event or not head.event.created:
            return None
        about, name = head.event, head.event.id
        place = _place_behind_created(value, head.timestamp, about)
        try:
            day, out_of_range = self._days.day(head.timestamp, head.event.created)
        except ValueError:
            return None
        if not name or head.message is UNSET or place < 0 or out_of_range:
            return None
        try:
            reason = self._reason(value, head)
        except orjson.JSONDecodeError:  # nested beyond all bounds
            return None
        value = value[:place] + b',"ingested":"%b"' % ingested.encode() + value[place:]
        if reason is not None:
            marked = self._marked(value, reason, head)
            if marked is None:
                return None
            value = marked
            self.errors += 1
        about.ingested = ingested
        return Document(name, _date(day), value, head)

    def _with_fingerprint(self, value: bytes) -> bytes:
        """The same error, as the compiled part has marked it, with its fingerprint.

        It carries no exception, so its message tells it apart.
        """
        name = self._fingerprints.of("", _MESSAGE.decode(value).message, "")
        marked = value.removesuffix(_NATIVE_MARK) + _FULL_MARK % name.encode()
        self._groups.note(name, lambda: _read(marked))
        return marked

    def _marked(self, value: bytes, reason: str, head: Head) -> bytes | None:
        """An error with its mark, also in its head; None when it has to be decoded for that."""
        said = exceptional(head)
        name = self._fingerprints.of(said.kind, said.message or head.message or "", said.trace)
        marked = with_mark(value, reason, name)
        if marked is None:
            return None
        head.error = head.error or ErrorPart()
        tags = head.tags or []
        head.tags = tags if ERROR_TAG in tags else [*tags, ERROR_TAG]
        self._groups.note(name, lambda: _read(marked))
        return marked

    def _reason(self, value: bytes, head: Head) -> str | None:
        if self._tagger.has_rules:
            return self._tagger.reason_of(orjson.loads(value), head)
        return self._tagger.reason(head)

    def _decoded(self, event: Event, ingested: str) -> Document:
        about = event["event"]
        day, out_of_range = self._days.day(event["@timestamp"], about["created"])
        about["ingested"] = ingested
        if out_of_range:
            _add_tag(event, TIME_OUT_OF_RANGE)
        reason = self._tagger.reason_of(event, lenient_head(event))
        if reason is not None:
            self.errors += 1
            _add_tag(event, ERROR_TAG)
            error = event.setdefault("error", {})
            if isinstance(error, dict):
                error["detected_by"] = reason
                self._group(event, error)
        return Document.of(about["id"], _date(day), event)

    def _group(self, event: Event, error: Event) -> None:
        """Gives an error its fingerprint, unless the application has given it one."""
        name = error.get("fingerprint")
        if not is_fingerprint(name):
            kind, said, trace = (error.get(part) for part in ("type", "message", "stack_trace"))
            message = said if isinstance(said, str) and said else event["message"]
            name = error["fingerprint"] = self._fingerprints.of(
                kind if isinstance(kind, str) else "", message,
                trace if isinstance(trace, str) else "",
            )  # fmt: skip
        self._groups.note(name, lambda: event)


def _place_behind_created(value: bytes, timestamp: str, about: EventPart) -> int:
    """Where `event.ingested` can be set into a value; -1 when nowhere."""
    if about.ingested is not UNSET or value[-1] != _END or b"\n" in value or not _is_utf8(value):
        return -1
    front = f'{{"@timestamp":"{timestamp}","event":{{'.encode()
    if not value.startswith(front):
        return -1
    text = identity_text(str(about.id), str(about.created)).encode()
    place = value.find(text, len(front))
    if place < 0 or value.find(b"}", len(front)) < place:
        return -1
    return place + len(text)


def _read(value: bytes) -> Event:
    """An event; an empty one where it is nested beyond all bounds."""
    try:
        event: Event = orjson.loads(value)
    except orjson.JSONDecodeError:
        return {}
    return event


def _is_utf8(value: bytes) -> bool:
    """Msgspec does not look at texts that it skips."""
    if not value.isascii():
        try:
            value.decode()
        except UnicodeDecodeError:
            return False
    return True


def _add_tag(event: Event, tag: str) -> None:
    tags = event.setdefault("tags", [])
    if not isinstance(tags, list):
        tags = event["tags"] = [tags]
    if tag not in tags:
        tags.append(tag)


def own_event(value: bytes, days: IndexDays) -> Event | None:
    """A message as an event of ours; None when it is none."""
    try:
        event = orjson.loads(value)
        name, text = event["event"]["id"], event["message"]
        days.day(event["@timestamp"], event["event"]["created"])
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None
    return event if isinstance(name, str) and isinstance(text, str) else None


def foreign_event(value: bytes, name: str, created: str) -> Event:
    """An event made of a message that is none of ours.

    Args:
        value: The message, any bytes.
        name: Partition and offset: the same at every replay.
        created: When it was read.
    """
    event = foreign_text(value.decode("utf-8", "backslashreplace"), name, created)
    try:
        content = orjson.loads(value)
    except orjson.JSONDecodeError:
        return event
    if isinstance(content, dict):
        event["attributes"] = {FOREIGN: content}
        if has_many_names(content):
            bounded = bounded_attributes({FOREIGN: content})
            event["attributes"] = bounded.attributes
            event["tags"] += [MANY_KEYS, TRUNCATED] if bounded.has_cut else [MANY_KEYS]
        text = content.get("message")
        event["message"] = text if isinstance(text, str) else event["message"]
    return event


def foreign_text(text: str, name: str, created: str) -> Event:
    """The same of a message that is nothing but text."""
    return {
        "@timestamp": created,
        "message": text,
        "event": {"id": f"foreign-{name}", "created": created},
        "tags": [FOREIGN],
        "attributes": {},
    }


@lru_cache(maxsize=512)
def _date(day: str) -> date:
    return date.fromisoformat(day)
