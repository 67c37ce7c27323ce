"""A write that fails in the middle is repeated: what each of the two has stored is told once."""

from __future__ import annotations

import re
from typing import Any, cast

import pytest

from logboom.clock import SystemClock
from logboom.errors import StoreUnavailable
from logboom.store import Outcome
from logboom.store.elastic.bulk import BulkWriter, WriterSettings
from logboom.store.elastic.client import Client
from logboom.store.elastic.install import Installer
from logboom.store.elastic.names import IndexNames
from tests.integration.elastic import document

_REFUSED = b'{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"bad"}}}'
_CREATED, _CONFLICT = b'{"create":{"status":201}}', b'{"create":{"status":409}}'


class Server:
    """Keeps what it gets, until it takes no more requests.

    Args:
        requests: So many are answered.
    """

    address = "nowhere"

    def __init__(self, requests: int) -> None:
        self.requests = requests
        self.held: set[bytes] = set()

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        self.requests -= 1
        if self.requests < 0:
            raise StoreUnavailable("does not answer", where=self.address)
        ids = re.findall(rb'"_id":"([^"]+)"', body)
        items = [_CONFLICT if one in self.held else _CREATED for one in ids]
        self.held.update(ids)
        return 200, b'{"errors":true,"items":[%b]}' % b",".join(items)

    async def is_there(self, _name: str) -> bool:
        return True

    async def prepare_index(self, _name: str) -> None:
        pass

    async def add_attributes(self, _name: str, _paths: Any) -> None:
        pass


def written_to(server: Server) -> BulkWriter:
    settings = WriterSettings(max_bytes=2_000, max_requests=1, patience_s=0.05, spell=False)
    return BulkWriter(
        cast("Client", server), IndexNames("logs-%Y.%m.%d"), settings, SystemClock(),
        cast("Installer", server),
    )  # fmt: skip


class RefusingServer(Server):
    """Takes only reduced forms."""

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        if b'"reduced"' in body:
            return await super().bulk(body)
        items = [_REFUSED] * body.count(b'"_id"')
        return 200, b'{"errors":true,"items":[%b]}' % b",".join(items)


async def test_what_was_stored_before_the_failure_counts_as_stored() -> None:
    server = Server(requests=3)
    writer = written_to(server)
    documents = [document(number) for number in range(50)]
    with pytest.raises(StoreUnavailable):
        await writer.write(documents)
    assert 0 < len(server.held) < 50
    server.requests = 1_000
    assert list(await writer.write(documents)) == [Outcome.STORED] * 50
    assert list(await writer.write(documents)) == [Outcome.DUPLICATE] * 50


async def test_what_was_stored_in_a_reduced_form_before_the_failure_counts_as_stored() -> None:
    server = RefusingServer(requests=3)
    writer = written_to(server)
    documents = [document(number) for number in range(50)]
    with pytest.raises(StoreUnavailable):
        await writer.write(documents)
    assert 0 < len(server.held) < 50
    server.requests = 1_000
    assert list(await writer.write(documents)) == [Outcome.STORED] * 50
    assert list(await writer.write(documents)) == [Outcome.DUPLICATE] * 50
