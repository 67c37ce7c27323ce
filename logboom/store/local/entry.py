"""What of an event goes into the day's index, and in which form?

The usual event takes the short way: its JSON, just as it is stored, with a few fields added behind.
Events with values that stand apart are written anew without them. What tantivy refuses, and what is
too long, is looked at value by value. This runs once for every event and looks at as little of it as
it can.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import orjson

from logboom.event import SOURCE_RUN_LENGTH, Event
from logboom.fields import ATTRIBUTES
from logboom.store.local.schema import (
    ADDRESS,
    APART,
    CREATED,
    INGESTED,
    MESSAGE,
    NUMBER,
    OBJECTS,
    OFFSET,
    STRAY,
    TAGS,
    TIME,
    TOKENS,
)
from logboom.store.local.times import DAY_US, Timestamps, day_start_us
from logboom.store.local.tokens import PRESENT_TOKEN, tokens
from logboom.store.local.unusual import (
    ADDED,
    LONGEST_VALUE,
    AttributePaths,
    Position,
    identity_fields,
    indexable,
    rearranged,
    text_of,
)

_TOKENS = [(name.partition(".")[0], own_name) for name, own_name in TOKENS.items()]
_DATES = (("created", CREATED), ("ingested", INGESTED))

_OBJECT_BEGINS = ord("{")
_OFFSET_DIGITS = 9
_OWN_ID = re.compile(rf"[0-9a-v]{{{SOURCE_RUN_LENGTH + _OFFSET_DIGITS}}}")


def own_position(event_id: str, event: Event) -> Position | None:
    """The source's run and the offset that an event's id follows from; None for a foreign id.

    An id of our own is not indexed: `log.source` and `log.offset` find its event.
    """
    log = event.get("log")
    if not isinstance(log, dict):
        return None
    position = split_id(event_id)
    if position is None or position[1].__class__ is not log.get("offset").__class__:
        return None
    return position if position == (log.get("source"), log["offset"]) else None


def split_id(event_id: str) -> Position | None:
    """The source's run and the offset in an id of our own making; None for any other id."""
    if _OWN_ID.fullmatch(event_id) is None:
        return None
    return event_id[:SOURCE_RUN_LENGTH], int(event_id[SOURCE_RUN_LENGTH:], 32)


class EntryMaker:
    """Makes the index entries of one day's events."""

    def __init__(self, day: date) -> None:
        self._start_us = day_start_us(day)
        self._timestamps = Timestamps()
        self._paths = AttributePaths()

    def make(
        self, event: Event, line: bytes, number: int, event_id: str, position: Position | None
    ) -> str:
        """The index entry of an event.

        Args:
            event: As it is stored.
            line: The same as JSON.
            number: Its number in the day's documents.
            event_id: The document's id.
            position: What the id follows from, or None for a foreign id.

        Returns:
            JSON for tantivy, which may refuse it: then `make_carefully`.
        """
        message = event.get(MESSAGE)
        if message.__class__ is not str or len(line) - len(message) > LONGEST_VALUE:
            return self.make_carefully(event, number, event_id, position)
        attributes = event.get(ATTRIBUTES)
        about = event.get("event")
        if (
            position is None
            or about.__class__ is not dict
            or line[0] != _OBJECT_BEGINS
            or "error" in event
            or "original" in about
            or not (attributes is None or self._paths.are_plain(attributes))
        ):
            return self._make_rearranged(event, number, event_id, position)
        offset = position[1]
        text = line.decode().replace(f'"{event_id}"', '""', 1)
        if attributes is None or "offset" not in attributes:
            text = text.replace(f'"offset":{offset}', '"offset":0', 1)
        try:
            added = f'"{NUMBER}":{number},"{OFFSET}":{offset},{self._time(event)}{_tokens(event)}'
        except (AttributeError, LookupError, TypeError):  # an id that is none
            return self.make_carefully(event, number, event_id, position)
        for key, column in _DATES:
            time_us = self._date(about.get(key))
            if time_us is not None:
                added = f'{added},"{column}":{time_us}'
                text = text.replace(f'"{key}":"{about[key]}"', f'"{key}":0', 1)
        client = event.get("client")
        if client.__class__ is dict and "ip" in client:
            added = f'{added},"{ADDRESS}":{orjson.dumps(client["ip"]).decode()}'
        return f"{text[:-1]},{added}}}"

    def make_carefully(
        self, event: Event, number: int, event_id: str, position: Position | None
    ) -> str:
        """The same with every value looked at."""
        copy = rearranged(event, event_id, position, self._paths)
        entry = {
            name: indexable(value)
            for name, value in copy.items()
            if name in OBJECTS and isinstance(value, dict)
        }
        entry |= {name: copy[name] for name in (*APART.values(), *ADDED) if name in copy}
        entry[MESSAGE] = text_of(event.get(MESSAGE))
        entry[TAGS] = [tag for tag in text_of(event.get(TAGS)) if len(tag) <= LONGEST_VALUE]
        return self._finish(event, number, entry)

    def _make_rearranged(
        self, event: Event, number: int, event_id: str, position: Position | None
    ) -> str:
        try:
            return self._finish(event, number, rearranged(event, event_id, position, self._paths))
        except TypeError:  # numbers beyond 64 bits, unpaired surrogates
            return self.make_carefully(event, number, event_id, position)

    def make_least(self, number: int, event_id: str, position: Position | None) -> str:
        """An entry that cannot be refused: with it the numbers have no gap."""
        entry: dict[str, Any] = {NUMBER: number, TIME: self._start_us}
        entry |= identity_fields(event_id, position)
        return orjson.dumps(entry).decode()

    def _finish(self, event: Event, number: int, entry: dict[str, Any]) -> str:
        about = event.get("event")
        for key, column in _DATES:
            time_us = self._date(about.get(key)) if isinstance(about, dict) else None
            if time_us is not None:
                entry[column] = time_us
        text = orjson.dumps(entry).decode()
        return f'{text[:-1]},"{NUMBER}":{number},{self._time(event)}}}'

    def _date(self, value: object) -> int | None:
        """Microseconds since the epoch; None for what is no time: it is found as what it is."""
        if not isinstance(value, str):
            return None
        try:
            return self._timestamps.epoch_us(value)
        except ValueError:
            return None

    def _time(self, event: Event) -> str:
        """The event time, and whether it lies outside of the day, as members of an object."""
        try:
            time_us = self._timestamps.epoch_us(event["@timestamp"])
        except (KeyError, TypeError, ValueError):
            time_us = self._start_us
        if 0 <= time_us - self._start_us < DAY_US:
            return f'"{TIME}":{time_us}'
        return f'"{TIME}":{time_us},"{STRAY}":"t"'


def _tokens(event: Event) -> str:
    """What finds the event by its trace, span and transaction, as members of an object.

    Raises:
        AttributeError, LookupError, TypeError: One of them is no object, or has no text as its id.
    """
    added = ""
    for name, own_name in _TOKENS:
        node = event.get(name)
        if node is not None:
            one, two, three, four = tokens(node["id"])
            added = f'{added},"{own_name}":[{one},{two},{three},{four},{PRESENT_TOKEN}]'
    return added
