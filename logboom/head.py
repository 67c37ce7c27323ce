"""What does the pipeline itself look at in an event?

A few fields of few types. They are read without decoding the rest: for most events nothing more is
ever needed between the shipper and a search.

The shipper lays its events out so that what is added and looked up later stands together in front:
`@timestamp`, then `event`, which ends with its id and its read time (and once stored its index
time), then `log`, which begins with the source and the offset. Whoever relies on that looks first:
other producers order their fields as they like.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from logboom.event import Event


class LogPart(Struct, gc=False):
    """Of `log`."""

    source: str | UnsetType = UNSET
    offset: int | UnsetType = UNSET
    level: str | UnsetType = UNSET


class EventPart(Struct, gc=False):
    """Of `event`."""

    id: str | UnsetType = UNSET
    created: str | UnsetType = UNSET
    ingested: str | UnsetType = UNSET
    original: Raw | UnsetType = UNSET


class ErrorPart(Struct, gc=False):
    """Of `error`: what is there, not what it is."""

    type: Raw | UnsetType = UNSET
    message: Raw | UnsetType = UNSET
    stack_trace: Raw | UnsetType = UNSET


class ResponsePart(Struct, gc=False):
    """Of `http.response`."""

    status_code: int | UnsetType = UNSET


class HttpPart(Struct, gc=False):
    """Of `http`."""

    response: ResponsePart | UnsetType = UNSET


class ClientPart(Struct, gc=False):
    """Of `client`."""

    ip: str | UnsetType = UNSET


class NamedPart(Struct, gc=False):
    """Of `trace`, `span` and `transaction`."""

    id: str


class Head(Struct, gc=False):
    """The fields that the pipeline looks at; UNSET when the event does not have them.

    Whoever changes the event's bytes changes its head, too.
    """

    timestamp: str | UnsetType = msgspec.field(name="@timestamp", default=UNSET)
    message: str | UnsetType = UNSET
    event: EventPart | UnsetType = UNSET
    log: LogPart | UnsetType = UNSET
    error: ErrorPart | UnsetType = UNSET
    http: HttpPart | UnsetType = UNSET
    client: ClientPart | UnsetType = UNSET
    trace: NamedPart | UnsetType = UNSET
    span: NamedPart | UnsetType = UNSET
    transaction: NamedPart | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    attributes: dict[str, Any] | UnsetType = UNSET


_DECODER = msgspec.json.Decoder(Head)
_FIELDS = msgspec.structs.fields(Head)


def head_of(value: bytes) -> Head | None:
    """Reads an event's head.

    Args:
        value: The event as JSON.

    Returns:
        None when any of the fields is of another type, or the value is no JSON object.
    """
    try:
        return _DECODER.decode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None


def lenient_head(event: Event) -> Head:
    """The head of an event in which fields may be of any type: those of another one are UNSET."""
    found: dict[str, Any] = {}
    for one in _FIELDS:
        if one.encode_name in event:
            try:
                written = msgspec.json.encode(event[one.encode_name])
                found[one.name] = msgspec.json.decode(written, type=one.type)
            except (msgspec.MsgspecError, UnicodeEncodeError, RecursionError):
                continue  # as if it were not there
    return Head(**found)


def identity_text(name: str, created: str) -> str:
    """How an event of ours names itself: the last members of its `event`."""
    return f'"id":"{name}","created":"{created}"'
