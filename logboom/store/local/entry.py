"""What of an event goes into the day's index, and in which form?

The usual event takes the short way: its JSON, just as it is stored, without what is indexed in other
ways and with a few fields added behind. Events with values that stand apart are written anew without
them. What tantivy refuses, and what is too long, is looked at value by value. This runs once for
every event and looks at as little of it as it can.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import orjson
from msgspec import UNSET, UnsetType

from logboom.event import MAX_OFFSET, SOURCE_RUN_LENGTH, Event, event_id
from logboom.fields import ATTRIBUTES, LONGEST_VALUE
from logboom.head import EventPart, Head, LogPart, lenient_head
from logboom.native import Entries, Library
from logboom.query.analysis import folded
from logboom.store.local.index_writer import Chunk
from logboom.store.local.schema import (
    ADDRESS,
    APART,
    CREATED,
    INGESTED,
    MESSAGE,
    NUMBER,
    OBJECTS,
    OFFSET,
    PRESENT,
    STRAY,
    TAGS,
    TIME,
    TOKENS,
)
from logboom.store.local.seen import Stretch
from logboom.store.local.times import DAY_US, Timestamps, day_start_us
from logboom.store.local.tokens import tokens_text
from logboom.store.local.unusual import (
    ADDED,
    AttributePaths,
    Position,
    has_times,
    identity_fields,
    indexable,
    not_indexed,
    rearranged,
    take_out,
    text_of,
    with_marks,
    words_of,
)
from logboom.store.values import Document

_TRACE, _SPAN, _TRANSACTION = (TOKENS[name] for name in ("trace.id", "span.id", "transaction.id"))
_FRONT = '{"@timestamp":"'
_OWN_ID = re.compile(rf"[0-9a-v]{{{SOURCE_RUN_LENGTH + 9}}}")
_MOST_REMEMBERED = 10_000
_STRETCH = re.compile(rb"[\x01\x02]\x02*|\x00")
_DATES = (("created", CREATED), ("ingested", INGESTED))


def own_position(document: Document) -> Position | None:
    """The source's run and the offset that a document's id follows from; None for a foreign id.

    An id of our own is not indexed: `log.source` and `log.offset` find its event.
    """
    head = document.head
    log = _log_of(document.event) if head is None else head.log
    if not log or not isinstance(log.source, str) or not isinstance(log.offset, int):
        return None
    if not 0 <= log.offset <= MAX_OFFSET or event_id(log.source, log.offset) != document.id:
        return None
    return log.source, log.offset


def split_id(name: str) -> Position | None:
    """The source's run and the offset in an id of our own making; None for any other id."""
    if _OWN_ID.fullmatch(name) is None:
        return None
    return name[:SOURCE_RUN_LENGTH], int(name[SOURCE_RUN_LENGTH:], 32)


def _log_of(event: Event) -> LogPart:
    return lenient_head(event).log or LogPart()


class _Moments(NamedTuple):
    """Read time and index time, as an event has them behind its id, and as columns."""

    text: str
    columns: str


class Ready(NamedTuple):
    """What is made of documents that are numbered one after the other.

    Attributes:
        chunk: The entry of each.
        stretches: Whose they are, in their order and without gaps.
        left: The indices of those that Python made, ascending.
    """

    chunk: Chunk
    stretches: list[Stretch]
    left: list[int]


class EntryMaker:
    """Makes the index entries of one day's events.

    Args:
        day: Their UTC day.
        library: The compiled part, which makes the usual ones.
    """

    def __init__(self, day: date, library: Library | None = None) -> None:
        self._library = library
        self._start_us = day_start_us(day)
        self._plain: dict[int, bool] = {}
        self._timestamps = Timestamps()
        self._paths = AttributePaths()
        self._moments_key: tuple[object, object] = (None, None)
        self._moments: _Moments | None = None

    def ready(self, documents: Sequence[Document], first: int) -> Ready:
        """Makes the entries of documents.

        Args:
            first: The number of the first one in the day's documents.
        """
        made = self._made_natively(documents, first)
        by_python: dict[int, bytes] = {}
        stretches = []
        for found in _STRETCH.finditer(made.states):
            begin, end = found.span()
            if made.states[begin]:
                run = made.ids[begin][:SOURCE_RUN_LENGTH]
                stretches.append(
                    Stretch(end - begin, run, made.offsets[begin], made.offsets[end - 1])
                )
                continue
            position = own_position(documents[begin])
            by_python[begin] = self.make(documents[begin], first + begin, position)
            owner, offset = position or (None, 0)
            stretches.append(Stretch(1, owner, offset, offset))
        chunk = Chunk(made.text, len(documents)).with_entries(by_python)
        return Ready(chunk, stretches, list(by_python))

    def _made_natively(self, documents: Sequence[Document], first: int) -> Entries:
        """What the compiled part makes; all that it cannot know about is left to Python."""
        count = len(documents)
        if self._library is None:
            return Entries(b"\n" * count, [], array("Q"), array("Q"), bytearray(count))
        values = [document.value for document in documents]
        made = self._library.entries(values, self._start_us, first)
        names = [document.id for document in documents]
        if names != made.ids:
            for number, (name, own) in enumerate(zip(names, made.ids, strict=True)):
                if name != own:
                    made.states[number] = 0
        for key in set(made.attributes):
            if key and not self._are_plain(documents[made.attributes.index(key)], key):
                for number, attributes in enumerate(made.attributes):
                    if attributes == key:
                        made.states[number] = 0
        return made

    def _are_plain(self, document: Document, names: int) -> bool:
        """True when a document's attributes can be indexed as they are: their names decide."""
        known = self._plain.get(names)
        if known is None:
            if len(self._plain) >= _MOST_REMEMBERED:
                self._plain.clear()
            known = self._plain[names] = self._paths.are_plain(document.event[ATTRIBUTES])
        return known

    def make(self, document: Document, number: int, position: Position | None) -> bytes:
        """The index entry of a document.

        Args:
            number: Its number in the day's documents.
            position: What its id follows from, or None for a foreign id.

        Returns:
            JSON for tantivy, which may refuse it: then `make_carefully`.
        """
        head = document.head
        if head is None or head.message is UNSET:
            return self.make_carefully(document, number, position)
        if len(document.value) - len(head.message) > LONGEST_VALUE:
            return self.make_carefully(document, number, position)
        if position is not None and self._is_plain(head):
            text = self._without_identity(document, position, head.event)
            if text is not None and not has_times(text, _first_value_end(text), head.message):
                own = f',"{NUMBER}":{number},{self._time(head.timestamp)}{_added(head)}}}'
                return (text + own).encode()
        return self._make_rearranged(document, number, position)

    def _without_identity(
        self, document: Document, position: Position, about: EventPart | UnsetType
    ) -> str | None:
        """An event's JSON without its last brace, with columns for its id and our own times.

        Returns:
            None when they do not stand where the shipper and the processor put them.
        """
        moments = self._moments_of(about) if about else None
        if moments is None:
            return None
        run, offset = position
        text = document.value.decode()
        source = f'}},"log":{{"source":"{run}"'
        known = f'"id":"{document.id}{moments.text}{source},"offset":{offset}'
        begin = text.find(known)
        end = begin + len(known)
        if begin < 1 or text[end] not in ",}":
            return None
        if text[begin - 1] == ",":
            begin -= 1
        return f'{text[:begin]}{source}{text[end:-1]},"{OFFSET}":{offset}{moments.columns}'

    def _moments_of(self, about: EventPart) -> _Moments | None:
        """Those of the events that were read and stored together are worked out once."""
        key = (about.created, about.ingested)
        if key == self._moments_key:
            return self._moments
        self._moments_key, self._moments = key, None
        created_us, ingested_us = self._date(about.created), self._date(about.ingested)
        if created_us is not None and ingested_us is not None:
            self._moments = _Moments(
                text=f'","created":"{about.created}","ingested":"{about.ingested}"',
                columns=f',"{CREATED}":{created_us},"{INGESTED}":{ingested_us}',
            )
        return self._moments

    def _is_plain(self, head: Head) -> bool:
        """True when nothing of an event stands apart."""
        error, about, attributes = head.error, head.event, head.attributes
        return (
            (not error or (error.message is UNSET and error.stack_trace is UNSET))
            and (not about or about.original is UNSET)
            and (attributes is UNSET or self._paths.are_plain(attributes))
            and (head.message is UNSET or folded(head.message) == head.message)
        )

    def make_carefully(self, document: Document, number: int, position: Position | None) -> bytes:
        """The same with every value looked at."""
        event = document.event
        copy = rearranged(event, document.id, position, self._paths)
        entry = {
            name: indexable(value)
            for name, value in copy.items()
            if name in OBJECTS and isinstance(value, dict)
        }
        entry |= {name: copy[name] for name in (*APART.values(), *ADDED) if name in copy}
        entry[MESSAGE] = words_of(event.get(MESSAGE))
        entry[TAGS] = [tag for tag in text_of(event.get(TAGS)) if len(tag) <= LONGEST_VALUE]
        unseen = not_indexed(event)
        if unseen:
            entry[PRESENT] = [*entry.get(PRESENT, ()), *sorted(unseen)]
        return self._finish(event, number, entry)

    def _make_rearranged(self, document: Document, number: int, position: Position | None) -> bytes:
        event = document.event
        try:
            entry = rearranged(event, document.id, position, self._paths)
            return self._finish(event, number, entry)
        except TypeError:  # numbers beyond 64 bits, unpaired surrogates
            return self.make_carefully(document, number, position)

    def make_least(self, document: Document, number: int, position: Position | None) -> bytes:
        """An entry that cannot be refused: its event is found by its time, its source and its id."""
        entry: dict[str, Any] = {NUMBER: number, **identity_fields(document.id, position)}
        if position is not None:
            entry["log"] = {"source": position[0]}
        return (
            orjson.dumps(entry)[:-1] + f",{self._time(document.event.get('@timestamp'))}}}".encode()
        )

    def _finish(self, event: Event, number: int, entry: dict[str, Any]) -> bytes:
        about = event.get("event")
        for key, column in _DATES:
            time_us = self._date(about.get(key)) if isinstance(about, dict) else None
            if time_us is not None:
                entry[column] = time_us
                take_out(entry, f"event.{key}")
        for name in OBJECTS:
            if name in entry and name != ATTRIBUTES:
                entry[name] = with_marks(entry[name])
        own = f',"{NUMBER}":{number},{self._time(event.get("@timestamp"))}}}'
        return orjson.dumps(entry)[:-1] + own.encode()

    def _date(self, value: object) -> int | None:
        """Microseconds since the epoch; None for what is no time: it is found as what it is."""
        if not isinstance(value, str):
            return None
        try:
            return self._timestamps.epoch_us(value)
        except ValueError:
            return None

    def _time(self, timestamp: object) -> str:
        """The event time, and whether it lies outside of the day, as members of an object."""
        time_us = self._date(timestamp)
        if time_us is None:
            time_us = self._start_us
        if 0 <= time_us - self._start_us < DAY_US:
            return f'"{TIME}":{time_us}'
        return f'"{TIME}":{time_us},"{STRAY}":"t"'


def _first_value_end(text: str) -> int:
    """Where an event's JSON goes on behind its `@timestamp`, when that stands in front."""
    return text.index('"', len(_FRONT)) if text.startswith(_FRONT) else 0


def _added(head: Head) -> str:
    """What finds an event by its trace, span, transaction and address, as members of an object."""
    added = f',"{_TRACE}":{tokens_text(head.trace.id)}' if head.trace else ""
    if head.span:
        added = f'{added},"{_SPAN}":{tokens_text(head.span.id)}'
    if head.transaction:
        added = f'{added},"{_TRANSACTION}":{tokens_text(head.transaction.id)}'
    if head.client and head.client.ip:
        added = f'{added},"{ADDRESS}":{orjson.dumps(head.client.ip).decode()}'
    return added
