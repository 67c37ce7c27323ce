"""How are all documents of a day index read, in constant memory and in an order that stays?

A point in time holds the index as it is; `search_after` goes through it. Sources are taken over byte
for byte, since decoding them would change numbers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

import msgspec
import orjson
from msgspec import Raw, Struct

from logboom.elastic.client import Client, decoded
from logboom.elastic.refusals import failure, reason_of
from logboom.errors import DayChanged, StoreUnavailable
from logboom.event import decode_json, encode_event
from logboom.store.elastic.spelling import OWN
from logboom.store.elastic.times import NANOS, TIME
from logboom.store.values import Document

_ALIVE = "10m"
_FIRST, _FEWEST, _MOST = 100, 10, 5_000
_WANTED_BYTES = 8 * 2**20
_OWN = f'"{OWN}"'.encode()
_MISSING = 404


class _Hit(Struct):
    id: str = msgspec.field(name="_id")
    source: Raw = msgspec.field(name="_source")
    sort: list[Any]


class _Hits(Struct):
    hits: list[_Hit]


class _Shards(Struct):
    failed: int


class _Answer(Struct):
    hits: _Hits
    shards: _Shards = msgspec.field(name="_shards")
    pit_id: str


_ANSWER = msgspec.json.Decoder(_Answer)
_MEMBERS = msgspec.json.Decoder(dict[str, Raw])


async def read_day(client: Client, index: str, day: date) -> AsyncIterator[Sequence[Document]]:
    """The documents of a day index, by their time; none when there is no such index.

    Raises:
        StoreUnavailable: Not all of it can be read now.
        StoreRefused: It must not be read.
    """
    status, answer = await client.try_to(
        "POST", f"/{quote(index)}/_pit", parameters={"keep_alive": _ALIVE}
    )
    if status == _MISSING:
        return
    if status >= 300:
        raise failure(status, answer, client.address)
    point = answer["id"]
    try:
        after: list[Any] | None = None
        size = _FIRST
        while True:
            content = await _page(client, point, size, after)
            page = _ANSWER.decode(content)
            if not page.hits.hits:
                return
            yield [_document(hit, day) for hit in page.hits.hits]
            after, point = page.hits.hits[-1].sort, page.pit_id
            length = max(1, len(content) // len(page.hits.hits))
            size = max(_FEWEST, min(_MOST, _WANTED_BYTES // length))
    finally:
        await client.try_to("DELETE", "/_pit", body={"id": point})


async def _page(client: Client, point: str, size: int, after: list[Any] | None) -> bytes:
    body: dict[str, Any] = {
        "pit": {"id": point, "keep_alive": _ALIVE},
        "size": size,
        "track_total_hits": False,
        "sort": [{TIME: "asc"}, {NANOS: {"order": "asc", "unmapped_type": "date_nanos"}},
                 {"event.id": {"order": "asc", "unmapped_type": "keyword"}}],
    }  # fmt: skip
    if after is not None:
        body["search_after"] = after
    status, content = await client.raw("POST", "/_search", orjson.dumps(body), _WHOLE)
    if status == _MISSING:  # a node was started anew, nobody read for too long, the day was dropped
        why = reason_of(decoded(content))
        raise StoreUnavailable(
            f"the day cannot be read on: {why}", where=client.address, mend="read it again"
        )
    if status >= 300:
        raise failure(status, decoded(content), client.address)
    return content


_WHOLE = {"allow_partial_search_results": "false"}


def _document(hit: _Hit, day: date) -> Document:
    value = bytes(hit.source)
    if _OWN in value:
        members = _MEMBERS.decode(value)
        if members.pop(OWN, None) is not None:
            value = msgspec.json.encode(members)
    if b"\n" in value:  # somebody else wrote it, laid out for people
        value = encode_event(decode_json(value))
    return Document(hit.id, day, value)


async def drop_index(client: Client, index: str, expected: int | None) -> bool:
    """Deletes a day index; see `Store.drop_day`.

    Raises:
        DayChanged: It does not hold as many documents as were expected.
        StoreUnavailable: Try again later.
        StoreRefused: It must not be deleted.
    """
    path = f"/{quote(index)}"
    if expected is not None and not await _hold_still(client, path, index, expected):
        return False
    status, answer = await client.try_to("DELETE", path)
    if status >= 300 and status != _MISSING:
        raise failure(status, answer, client.address)
    return bool(status != _MISSING)


async def _hold_still(client: Client, path: str, index: str, expected: int) -> bool:
    """Lets nobody write to an index any more, if it holds what is expected; False: it is gone.

    Without the block, events stored between counting and deleting would be acknowledged and lost.
    A processor that has some waits, and makes the index anew.
    """
    status, answer = await client.try_to("PUT", f"{path}/_block/write")
    if status == _MISSING:
        return False
    if status >= 300:
        raise failure(status, answer, client.address)
    is_as_expected = False
    try:
        await client.try_to("POST", f"{path}/_refresh")
        status, answer = await client.try_to("GET", f"{path}/_count")
        if status >= 300:
            raise failure(status, answer, client.address)
        if answer["count"] != expected:
            raise DayChanged(f"has {answer['count']} events, not {expected}", where=index)
        is_as_expected = True
    finally:
        if not is_as_expected:
            await client.try_to("PUT", f"{path}/_settings", body={"index.blocks.write": None})
    return True
