"""A write that fails in the middle is repeated: what each of the two has stored is told once."""

from __future__ import annotations

import re

import pytest

from logboom.errors import StoreUnavailable
from logboom.retrying import Backoff
from logboom.store import Outcome
from logboom.store.elastic.bulk import WriterSettings
from tests.integration.elastic import document
from tests.unit.store_elastic.bulk_servers import writer_to

_REFUSED = b'{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"bad"}}}'
_BUSY = b'{"create":{"status":429,"error":{"type":"rejected","reason":"too much"}}}'
_FAILED = b'{"create":{"status":500,"error":{"type":"null_pointer_exception","reason":"oh"}}}'
_CREATED, _CONFLICT = b'{"create":{"status":201}}', b'{"create":{"status":409}}'


class Server:
    """Keeps what it gets, until it takes no more requests.

    Args:
        requests: So many are answered.
    """

    def __init__(self, requests: int) -> None:
        self.requests = requests
        self.held: set[bytes] = set()

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        self.requests -= 1
        if self.requests < 0:
            raise StoreUnavailable("does not answer", where="nowhere")
        ids = re.findall(rb'"_id":"([^"]+)"', body)
        items = [_CONFLICT if one in self.held else _CREATED for one in ids]
        self.held.update(ids)
        return 200, b'{"errors":true,"items":[%b]}' % b",".join(items)


class RefusingServer(Server):
    """Takes only reduced forms."""

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        if b'"reduced"' in body:
            return await super().bulk(body)
        items = [_REFUSED] * body.count(b'"_id"')
        return 200, b'{"errors":true,"items":[%b]}' % b",".join(items)


class Failing(Server):
    """Puts all off for a while, then fails at one document so many times.

    Args:
        times: As many.
    """

    def __init__(self, times: int) -> None:
        super().__init__(requests=1_000)
        self.left = [_BUSY] * 10 + [_FAILED] * times

    async def bulk(self, body: bytes) -> tuple[int, bytes]:
        if self.left and b'"reduced"' not in body:
            return 200, b'{"errors":true,"items":[%b]}' % self.left.pop(0)
        return await super().bulk(body)


@pytest.mark.parametrize(("times", "is_reduced"), [(1, False), (6, False), (7, True)])
async def test_only_what_the_server_fails_at_again_and_again_is_reduced(
    times: int, is_reduced: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def at_once(backoff: Backoff) -> float:
        backoff.tries += 1
        return 0.0

    monkeypatch.setattr(Backoff, "next_wait_s", at_once)
    settings = WriterSettings(max_bytes=2_000, max_requests=1, patience_s=30, spell=False)
    server = Failing(times)
    assert list(await writer_to(server, settings).write([document(1)])) == [Outcome.STORED]
    assert ("reduced form" in caplog.text) is is_reduced
    assert server.left == []


@pytest.mark.parametrize("kind", [Server, RefusingServer], ids=["as it is", "reduced"])
async def test_what_was_stored_before_the_failure_counts_as_stored(kind: type[Server]) -> None:
    server = kind(requests=3)
    settings = WriterSettings(max_bytes=2_000, max_requests=1, patience_s=0.05, spell=False)
    writer = writer_to(server, settings)
    documents = [document(number) for number in range(50)]
    with pytest.raises(StoreUnavailable):
        await writer.write(documents)
    assert 0 < len(server.held) < 50
    server.requests = 1_000
    assert list(await writer.write(documents)) == [Outcome.STORED] * 50
    assert list(await writer.write(documents)) == [Outcome.DUPLICATE] * 50
