"""Is everything that a write has needed given back when it ends?

The collector of rings runs seldom (`logboom.lifecycle`): documents in a ring would fill the memory.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from logboom.store import Outcome
from logboom.store.elastic.bulk import WriterSettings
from tests.integration.elastic import document
from tests.unit.store_elastic.bulk_servers import writer_to


class Server:
    """Stores everything but every tenth event, which it refuses as it is."""

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        actions = body.count(b'{"create":')
        items = [b'{"create":{"status":201}}'] * actions
        if b'"reduced"' not in body:
            items[::10] = [b'{"create":{"status":400,"error":{"type":"no"}}}'] * len(items[::10])
        return 200, b'{"errors":true,"items":[%b]}' % b",".join(items)


async def test_no_document_waits_for_the_collector(documents_left: Callable[[], list[Any]]) -> None:
    settings = WriterSettings(max_bytes=2**14, max_requests=2, patience_s=5, spell=True)
    writer = writer_to(Server(), settings)
    for first in (0, 400):
        some = [document(number) for number in range(first, first + 400)]
        assert set(await writer.write(some)) == {Outcome.STORED}
    del some
    assert documents_left() == []
