"""Is everything that a write has needed given back when it ends?

The collector of rings runs seldom (`logboom.lifecycle`): documents in a ring would fill the memory.
"""

from __future__ import annotations

import gc
from typing import Any, cast

from logboom.clock import SystemClock
from logboom.store import Document, Outcome
from logboom.store.elastic.bulk import BulkWriter, WriterSettings
from logboom.store.elastic.client import Client
from logboom.store.elastic.install import Installer
from logboom.store.elastic.names import IndexNames
from tests.integration.elastic import document


class Server:
    """Stores everything but every tenth event, which it refuses as it is."""

    address = "nowhere"

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        actions = body.count(b'{"create":')
        items = [b'{"create":{"status":201}}'] * actions
        if b'"reduced"' not in body:
            items[::10] = [b'{"create":{"status":400,"error":{"type":"no"}}}'] * len(items[::10])
        return 200, b'{"errors":true,"items":[%b]}' % b",".join(items)

    async def is_there(self, _name: str) -> bool:
        return True

    async def prepare_index(self, _name: str) -> None:
        pass

    async def add_attributes(self, _name: str, _paths: Any) -> None:
        pass


async def test_no_document_waits_for_the_collector(left_to_the_collector: list[Any]) -> None:
    server = Server()
    settings = WriterSettings(max_bytes=2**14, max_requests=2, patience_s=5, spell=True)
    writer = BulkWriter(
        cast("Client", server), IndexNames("logs-%Y.%m.%d"), settings, SystemClock(),
        cast("Installer", server),
    )  # fmt: skip
    for first in (0, 400):
        some = [document(number) for number in range(first, first + 400)]
        assert set(await writer.write(some)) == {Outcome.STORED}
    del some
    gc.collect()
    kept = [
        one
        for one in left_to_the_collector
        if isinstance(one, list | tuple | dict) and any(isinstance(x, Document) for x in one)
    ]
    assert kept == []
