"""What Elasticsearch has stored is told as stored, once, although its answer was lost."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from logboom.clock import SystemClock
from logboom.config import ElasticsearchSection
from logboom.elastic.client import Client, NotSent, TimedOut
from logboom.errors import StoreUnavailable
from logboom.store import Outcome
from logboom.store.elastic.bulk import BulkWriter, WriterSettings
from tests.integration.elastic import document
from tests.unit.store_elastic.bulk_servers import writer_to

_CREATED, _CONFLICT = b'{"create":{"status":201}}', b'{"create":{"status":409}}'
_STORED, _DUPLICATE = Outcome.STORED, Outcome.DUPLICATE


class Server:
    """Stores all that it gets; what it says of it is lost, or late.

    Args:
        lost: How many answers are lost.
        how: What comes instead of the answer.
    """

    def __init__(self, lost: int, how: Callable[[], tuple[int, bytes]]) -> None:
        self.lost = lost
        self.how = how
        self.held: set[bytes] = set()
        self.asked = 0

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        self.asked += 1
        ids = re.findall(rb'"_id":"([^"]+)"', body)
        items = [_CONFLICT if one in self.held else _CREATED for one in ids]
        self.held.update(ids)
        if self.asked <= self.lost:
            return self.how()
        return 200, b'{"errors":true,"items":[%b]}' % b",".join(items)


def late() -> tuple[int, bytes]:
    raise TimedOut("no answer in time", where="nowhere")


def broken() -> tuple[int, bytes]:
    raise StoreUnavailable("disconnected", where="nowhere")


def gateway() -> tuple[int, bytes]:
    return 504, b"<html>Gateway Time-out</html>"


def writer(server: Server, *, patience_s: float = 30) -> BulkWriter:
    settings = WriterSettings(
        max_bytes=10_000_000, max_requests=4, patience_s=patience_s, spell=False
    )
    return writer_to(server, settings)


@pytest.mark.parametrize("how", [late, broken, gateway])
async def test_within_one_write(how: Callable[[], tuple[int, bytes]]) -> None:
    server = Server(1, how)
    one = writer(server)
    documents = [document(number) for number in range(100)]
    assert Counter(await one.write(documents)) == {_STORED: 100}
    assert Counter(await one.write(documents)) == {_DUPLICATE: 100}


async def test_a_document_that_is_there_twice_is_stored_once() -> None:
    one = writer(Server(1, late))
    assert list(await one.write([document(1), document(1)])) == [_STORED, _DUPLICATE]


@pytest.mark.parametrize("how", [late, broken, gateway])
async def test_by_the_write_that_repeats_one_that_failed(
    how: Callable[[], tuple[int, bytes]],
) -> None:
    one = writer(Server(1, how), patience_s=0)
    documents = [document(number) for number in range(100)]
    with pytest.raises(StoreUnavailable):
        await one.write(documents)
    assert Counter(await one.write(documents)) == {_STORED: 100}
    assert Counter(await one.write(documents)) == {_DUPLICATE: 100}


async def test_a_write_that_is_cancelled() -> None:
    server = Server(0, late)
    stored = asyncio.Event()
    answer = server.bulk

    async def never(body: bytes) -> tuple[int, bytes]:
        await answer(body)
        stored.set()
        await asyncio.Event().wait()
        raise AssertionError

    server.bulk = never  # type: ignore[method-assign]
    one = writer(server)
    documents = [document(number) for number in range(100)]
    task = asyncio.create_task(one.write(documents))
    await stored.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    server.bulk = answer  # type: ignore[method-assign]
    assert Counter(await one.write(documents)) == {_STORED: 100}


async def test_what_was_never_sent_is_a_duplicate_of_what_was_there_before() -> None:
    def refused() -> tuple[int, bytes]:
        raise NotSent("connection refused", where="nowhere")

    server = Server(0, refused)
    documents = [document(number) for number in range(100)]
    await writer(server).write(documents)
    server.lost = server.asked + 1
    assert Counter(await writer(server).write(documents)) == {_DUPLICATE: 100}


async def test_what_a_failed_write_found_stored_stays_a_duplicate() -> None:
    """Two requests: the first is answered, the second fails for good; then an answer is lost."""
    server = Server(0, broken)
    documents = [document(number) for number in range(100)]
    await writer(server).write(documents)
    settings = WriterSettings(max_bytes=2_000, max_requests=1, patience_s=0, spell=False)
    answer = server.bulk
    first = server.asked

    async def only_one(body: bytes) -> tuple[int, bytes]:
        if server.asked > first:
            raise NotSent("connection refused", where="nowhere")
        return await answer(body)

    server.bulk = only_one  # type: ignore[method-assign]
    one = writer_to(server, settings)
    with pytest.raises(StoreUnavailable):
        await one.write(documents)
    server.bulk = answer  # type: ignore[method-assign]
    server.lost = server.asked + 1
    with pytest.raises(StoreUnavailable):
        await one.write(documents)
    assert Counter(await one.write(documents)) == {_DUPLICATE: 100}


@asynccontextmanager
async def node(seen: list[bytes]) -> AsyncIterator[str]:
    """A node that reads a request and hangs up; its address."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\n\n"))
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_the_client_tells_whether_anything_was_sent() -> None:
    seen: list[bytes] = []
    async with node(seen) as first, node(seen) as second:
        client = Client(ElasticsearchSection(urls=[first, second]), SystemClock())
        with pytest.raises(StoreUnavailable) as caught:
            await client.bulk(b"{}\n\n", once=True)
        await client.close()
    assert not isinstance(caught.value, NotSent)
    assert len(seen) == 1, "it was sent to the other node without a word"
    client = Client(ElasticsearchSection(urls=[first]), SystemClock())
    with pytest.raises(NotSent):
        await client.bulk(b"{}\n\n", once=True)
    await client.close()
