"""Writes that are under way at once share what may be asked of Elasticsearch, and hold nobody up for good."""

from __future__ import annotations

import asyncio
import re

import pytest

from logboom.errors import StoreRefused
from logboom.store import Outcome
from logboom.store.elastic.bulk import BulkWriter, WriterSettings
from tests.integration.elastic import document
from tests.polling import soon
from tests.unit.store_elastic.bulk_servers import writer_to


class Slow:
    """Answers when it is let; each request stores what is in it.

    Attributes:
        most: Requests under way at once, at most.
    """

    def __init__(self) -> None:
        self.most = 0
        self.refuses = False
        self.under_way: list[asyncio.Future[None]] = []

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        answer = asyncio.get_running_loop().create_future()
        self.under_way.append(answer)
        self.most = max(self.most, len(self.under_way))
        try:
            await answer
        finally:
            self.under_way.remove(answer)
        if self.refuses:
            return 401, b'{"error":{"type":"security_exception","reason":"who are you?"}}'
        count = len(re.findall(rb'"_id":"', body))
        items = b",".join([b'{"create":{"status":201}}'] * count)
        return 200, b'{"errors":false,"items":[%b]}' % items

    async def is_full(self) -> bool:
        return len(self.under_way) == 2

    async def answer_all(self, *writes: asyncio.Task[object]) -> None:
        """Answers whatever comes until these writes have ended."""
        while not all(write.done() for write in writes):
            await asyncio.sleep(0.001)
            for answer in self.under_way:
                if not answer.done():
                    answer.set_result(None)


def writer(server: Slow) -> BulkWriter:
    return writer_to(
        server, WriterSettings(max_bytes=300_000, max_requests=2, patience_s=30, spell=False)
    )


async def test_they_share_the_requests_that_may_be_under_way() -> None:
    server = Slow()
    one = writer(server)
    documents = [document(n, message="x" * 2_000) for n in range(1_000)]
    writes = [asyncio.create_task(one.write(documents[n::2])) for n in range(2)]
    await server.answer_all(*writes)
    assert [set(write.result()) for write in writes] == [{Outcome.STORED}, {Outcome.STORED}]
    assert server.most == 2


async def test_the_next_one_begins_before_the_one_before_has_ended() -> None:
    server = Slow()
    one = writer(server)
    first = asyncio.create_task(one.write([document(1)]))
    second = asyncio.create_task(one.write([document(2)]))
    await soon(server.is_full, timeout_s=5, what="a request of each is under way")
    await server.answer_all(first, second)


@pytest.mark.parametrize("ending", ["refused", "cancelled"])
async def test_one_that_ends_badly_leaves_its_places_to_the_others(ending: str) -> None:
    server = Slow()
    one = writer(server)
    documents = [document(n, message="x" * 2_000) for n in range(1_000)]
    bad = asyncio.create_task(one.write(documents))
    await soon(server.is_full, timeout_s=5, what="two requests are under way")
    if ending == "refused":
        server.refuses = True
        await server.answer_all(bad)
        with pytest.raises(StoreRefused):
            bad.result()
        server.refuses = False
    else:
        bad.cancel()
        with pytest.raises(asyncio.CancelledError):
            await bad
    assert server.under_way == []
    good = [asyncio.create_task(one.write(documents[n::2])) for n in range(2)]
    async with asyncio.timeout(20):
        await server.answer_all(*good)
    assert server.most == 2
