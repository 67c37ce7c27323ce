"""From a parser's fields to one ECS event that every store takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any, NamedTuple

import orjson

from logboom.bounds import (
    MANY_KEYS,
    MAX_DEPTH,
    TRUNCATED,
    bounded_attributes,
    is_storable,
    readable,
    written,
)
from logboom.event import event_id
from logboom.fields import EVENT_FIELDS
from logboom.spellings import SPELLINGS
from shipper.events.objects import COMPOSED, OBJECTS, composed, unsaid
from shipper.parsers.port import Fields
from shipper.parsers.stacktrace import extract_error
from shipper.placing import TARGETS, places, put
from shipper.redaction.redact import Redactor

NESTED_OBJECTS = frozenset(
    {name.partition(".")[0] for name in TARGETS if "." in name} | OBJECTS.keys()
)
"""Names whose objects are looked into: of ECS's own, and of loggers' that have a spelling there."""

JSON_OPTIONS = orjson.OPT_NON_STR_KEYS
SMALL_TEXT = 16_000
_DEPTH = 3
"""So deep known fields are looked for within an object."""
_PLACES = places()


@dataclass(frozen=True, slots=True)
class SourceContext:
    """What is the same for all events of a source's run.

    Attributes:
        run: `log.source`.
        path: `log.file.path`; left out when it is ``-``.
        host: `host.name` of events that name none.
        service: `service.name` of events that name none.
        zone: Of times that name none.
        fields: Added to every event; dotted ECS names, or own ones, which go under `attributes`.
    """

    run: str
    path: str
    host: str
    service: str
    zone: tzinfo
    fields: Mapping[str, object]


class NormalisedEvent(NamedTuple):
    """An event that is ready to be sent.

    Attributes:
        value: The event as UTF-8 JSON.
        timestamp: Its `@timestamp`: ISO 8601 in UTC, ending in ``Z``.
    """

    value: bytes
    timestamp: str


class Normaliser:
    """Makes events of one source's run.

    Args:
        context: What all of them share.
        redactor: Takes secrets out; None leaves everything in.
    """

    def __init__(self, context: SourceContext, *, redactor: Redactor | None) -> None:
        self._context = context
        self._redactor = redactor
        self._known_static, self._own_static = split_static(context.fields)

    def normalise(
        self, fields: Fields | None, text: str, *, offset: int, read_ns: int, read_text: str,
        tags: Sequence[str] = (), secrets: bool = True, wrapped: Fields | None = None,
    ) -> NormalisedEvent:  # fmt: skip
        """Makes one event. Never raises, whatever the fields are.

        Args:
            fields: What a parser found; None makes it plain text.
            text: The whole text of the event.
            offset: Its first byte in the source.
            read_ns: When it was read, ns since the epoch.
            read_text: The same as ISO 8601 in UTC.
            tags: What framing and parsing found remarkable.
            secrets: False when a look at the whole buffer has shown that there can be none.
            wrapped: What a wrapper around the text said: it counts where the text says nothing.
        """
        redacted: tuple[str, ...] = ()
        if secrets and self._redactor is not None:
            clean, redacted = self._redactor.redact(text)
            if redacted:
                fields, text = self._redacted(fields, clean)
        event, attributes = self._map(fields, read_ns, self._own_static)
        if wrapped:
            redacted += self._fill_in(event, attributes, wrapped, read_ns)
        if attributes and not (len(text) < SMALL_TEXT and is_storable(attributes)):
            attributes = _bound(event, attributes)
        if "message" not in event:
            event["message"] = text if fields is None else _message_of(event, text)
        if "error" in event or "\n" in text or "\n" in event["message"]:
            self._add_trace(event, text)
        if redacted and self._redactor is not None:
            self._redactor.counts.update(set(redacted))
        if tags or redacted:
            marks = [*event.get("tags", ()), *tags, *(f"redacted:{name}" for name in redacted)]
            event["tags"] = list(dict.fromkeys(marks))
        for name, value in self._known_static.items():
            put(event, tuple(name.split(".")), value)
        timestamp = event.pop("@timestamp", read_text)
        event["attributes"] = attributes
        whole = laid_out(
            self._context, event, timestamp=timestamp, offset=offset,
            name=event_id(self._context.run, offset), created=read_text,
        )  # fmt: skip
        return NormalisedEvent(_encode(whole), timestamp)

    def _redacted(self, fields: Fields | None, text: str) -> tuple[Fields | None, str]:
        """Fields without secrets; the text of an object is written anew from them."""
        if fields is None or self._redactor is None:
            return fields, text
        clean = self._redactor.redact_fields(fields)
        return clean, written(clean) if text[:1] == "{" else text

    def _map(
        self, fields: Fields | None, read_ns: int, static: Mapping[str, object]
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        event: dict[str, Any] = {}
        attributes: dict[str, Any] = {}
        zone, places = self._context.zone, _PLACES
        fields = fields or {}
        if not COMPOSED.isdisjoint(fields):
            fields = composed(fields)
        for name, value in fields.items():
            place = places.get(name)
            if place is not None and place.take(event, value, zone, read_ns):
                continue
            self._keep(event, attributes, name, value, read_ns)
        for name, value in static.items():
            attributes.setdefault(name, value)
        return event, attributes

    def _fill_in(
        self, event: dict[str, Any], attributes: dict[str, Any], wrapped: Fields, read_ns: int
    ) -> tuple[str, ...]:
        """Adds what a wrapper said, where the text itself said nothing.

        Returns:
            Names of the redactions in it.
        """
        clean: Fields | None = wrapped
        names: tuple[str, ...] = ()
        if self._redactor is not None:
            whole = orjson.dumps(wrapped).decode()
            if self._redactor.suspects([whole]):
                clean, names = (
                    self._redactor.redact_fields(wrapped),
                    self._redactor.redact(whole)[1],
                )
        added, own = self._map(clean, read_ns, {})
        _merge(event, added)
        _merge(attributes, own)
        return names

    def _keep(
        self, event: dict[str, Any], attributes: dict[str, Any], name: str, value: object,
        read_ns: int,
    ) -> None:  # fmt: skip
        """What has no place of its own name: its parts may have one; else it is an attribute."""
        if name in OBJECTS and self._place_object(event, name, value, read_ns):
            more = unsaid(name, value)
            if more:
                _add(attributes, name, more)
        elif isinstance(value, dict) and name in NESTED_OBJECTS:
            self._place_nested(event, attributes, name, value, read_ns)
        elif isinstance(value, dict) and name == "attributes":
            for inner, part in value.items():
                _add(attributes, inner, part)
        else:
            _add(attributes, name.removeprefix("attributes."), value)

    def _place_object(self, event: dict[str, Any], name: str, value: object, read_ns: int) -> bool:
        """A logger's own object; False when it is not of the known form, or its place is taken."""
        found = OBJECTS[name](value)
        if found is None:
            return False
        taken = [
            _PLACES[inner].take(event, part, self._context.zone, read_ns)
            for inner, part in found.items()
        ]
        return any(taken)

    def _place_nested(
        self, event: dict[str, Any], attributes: dict[str, Any], name: str,
        value: dict[str, Any], read_ns: int,
    ) -> None:  # fmt: skip
        """An object with an ECS object's name: its known fields are placed, the rest is kept."""
        rest = self._rest_of(event, name, value, read_ns, _DEPTH)
        if rest:
            _add(attributes, name, rest)

    def _rest_of(
        self, event: dict[str, Any], prefix: str, value: dict[str, Any], read_ns: int, depth: int
    ) -> dict[str, Any]:
        """Places the known fields of an object; what is left of it, in its own form."""
        rest: dict[str, Any] = {}
        for name, part in value.items():
            inner = f"{prefix}.{name}"
            if isinstance(part, dict) and part and depth and "." not in name:
                left = self._rest_of(event, inner, part, read_ns, depth - 1)
                if left:
                    rest[name] = left
                continue
            place = None if inner == "event.id" else _PLACES.get(inner)
            if place is None or not place.take(event, part, self._context.zone, read_ns):
                rest[name] = part
        return rest

    def _add_trace(self, event: dict[str, Any], text: str) -> None:
        """The exception that a stack trace tells of: one in the text, or one in its field."""
        trace = event.get("error", {}).get("stack_trace")
        if trace is None:
            found = extract_error(text) or extract_error(event["message"])
        else:
            found = extract_error(trace)
        for name, value in (found or {}).items():
            put(event, tuple(name.split(".")), value)


def laid_out(
    context: SourceContext, event: dict[str, Any], *, timestamp: object, offset: object,
    name: object, created: object,
) -> dict[str, Any]:  # fmt: skip
    """Adds what the source knows to an event, and brings it into its order.

    Time, id and place stand in front, as `logboom.head` says: who looks for them, or adds to them,
    need not look at the rest.

    Args:
        event: The fields of the event itself; taken apart.
    """
    about, log = event.pop("event", {}), event.pop("log", {})
    for ours in ("id", "created", "ingested"):
        about.pop(ours, None)
    for ours in ("source", "offset"):
        log.pop(ours, None)
    if context.path != "-":
        log["file"] = {"path": context.path}
    service, host = event.setdefault("service", {}), event.setdefault("host", {})
    service.setdefault("name", context.service)
    host.setdefault("name", context.host)
    return {
        "@timestamp": timestamp,
        "event": {**about, "id": name, "created": created},
        "log": {"source": context.run, "offset": offset, **log},
        **event,
    }


def split_static(fields: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Splits fields that are added to every event into ECS ones, by their names, and own ones."""
    known = {SPELLINGS.get(name, name): value for name, value in fields.items()}
    return (
        {name: value for name, value in known.items() if name in EVENT_FIELDS},
        {
            name: value
            for name, value in fields.items()
            if SPELLINGS.get(name, name) not in EVENT_FIELDS
        },
    )


def _message_of(event: Mapping[str, Any], text: str) -> str:
    """An event without a message of its own."""
    message = event.get("error", {}).get("message")
    return message if isinstance(message, str) else text


def _add(attributes: dict[str, Any], name: str, value: object) -> None:
    """Adds an attribute; one whose name is taken gets a longer one."""
    while name in attributes:
        name = f"attributes.{name}"
    attributes[name] = value


def _merge(into: dict[str, Any], added: Mapping[str, Any], depth: int = MAX_DEPTH) -> None:
    """Adds what is not there yet, at any depth that is kept."""
    for name, value in added.items():
        present = into.setdefault(name, value)
        if present is value or not (isinstance(present, dict) and isinstance(value, dict)):
            continue
        if depth:
            _merge(present, value, depth - 1)


def _bound(event: dict[str, Any], attributes: dict[str, Any]) -> dict[str, Any]:
    """Attributes within their bounds; the event's tags say what that took."""
    bounded = bounded_attributes(attributes)
    told = {TRUNCATED: bounded.has_cut, MANY_KEYS: bounded.has_rest}
    tags = [tag for tag, is_so in told.items() if is_so]
    if tags:
        event["tags"] = list(dict.fromkeys((*event.get("tags", ()), *tags)))
    return bounded.attributes


def _encode(event: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(event, option=JSON_OPTIONS)
    except (TypeError, ValueError, RecursionError):
        event["attributes"] = _bound(event, event["attributes"])
        return orjson.dumps(readable(event), option=JSON_OPTIONS)
