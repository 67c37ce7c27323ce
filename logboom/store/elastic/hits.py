"""Which events are in an answer, without looking into them?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import orjson

from logboom.event import Event, decode_json, encode_event
from logboom.store.elastic.spelling import OWN, without_spelling
from logboom.store.stored_events import with_id

_OWN_NAME = b'"%s"' % OWN.encode()
_OWN_AT_THE_END = b',"%s":' % OWN.encode()
_TO_OWN = len(_OWN_AT_THE_END)
_ID_NAME = b'"_id"'
_FIRST_NAME = b'{"'
_LINE_BREAK = ord("\n")


class Hit(msgspec.Struct, gc=False):
    """A document that was found; its source as it came."""

    id: str = msgspec.field(name="_id")
    sort: list[Any] = msgspec.field(default_factory=list)
    source: msgspec.Raw = msgspec.field(name="_source", default=msgspec.Raw(b"{}"))


class Hits(msgspec.Struct, gc=False):
    """Documents, and how many match."""

    hits: list[Hit]
    total: dict[str, Any] = msgspec.field(default_factory=dict)


class Found(msgspec.Struct, gc=False):
    """An answer of Elasticsearch's to a search."""

    hits: Hits
    shards: dict[str, Any] = msgspec.field(name="_shards")
    timed_out: bool = False


_FOUND = msgspec.json.Decoder(Found)
_ONE_VALUE = msgspec.json.Decoder(msgspec.Raw)


def read_found(content: bytes) -> Found:
    """Reads an answer."""
    try:
        return _FOUND.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_more(decode_json(content))


def _read_more(answer: Mapping[str, Any]) -> Found:
    """An answer with what others read a little more of, such as halves of characters."""
    hits = [
        Hit(one["_id"], one.get("sort", []), msgspec.Raw(encode_event(one.get("_source", {}))))
        for one in answer["hits"]["hits"]
    ]
    total = answer["hits"].get("total", {})
    return Found(Hits(hits, total), answer["_shards"], answer.get("timed_out", False))


def text_of(hit: Hit) -> bytes:
    """What is answered for a document: its event as it was written, with its id in front, as `_id`.

    The usual one is cut in one go; `with_id` and `line_of` do the same for any.
    """
    source = bytes(hit.source)
    begin = source.rfind(_OWN_AT_THE_END)
    if (
        begin > 0 and _LINE_BREAK not in source and source.startswith(_FIRST_NAME)
        and source.find(_ID_NAME) < 0 and _is_value(source[begin + _TO_OWN : -1])
    ):  # fmt: skip
        return b'{"_id":%b,%b}' % (orjson.dumps(hit.id), source[1:begin])
    return with_id(hit.id, line_of(source), event_of)


def line_of(source: bytes) -> bytes:
    """The event of a document as it was written, on one line, without our own object."""
    if _OWN_NAME not in source and _LINE_BREAK not in source:
        return source
    begin = source.rfind(_OWN_AT_THE_END)
    if begin > 0 and _LINE_BREAK not in source and _is_value(source[begin + _TO_OWN : -1]):
        return source[:begin] + b"}"
    return encode_event(event_of(source))


def read_hit(hit: Hit) -> Event:
    """The event of a document."""
    return event_of(bytes(hit.source))


def event_of(line: bytes) -> Event:
    """The event of a document."""
    event: Event = decode_json(line)
    return without_spelling(event)


def _is_value(text: bytes) -> bool:
    """Whether this is one whole value: if so, what is around it is the document's outermost object."""
    try:
        _ONE_VALUE.decode(text)
    except (msgspec.MsgspecError, RecursionError):
        return False
    return True
