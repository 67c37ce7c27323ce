"""Does Elasticsearch answer at all, by one small question?"""

from __future__ import annotations

import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import StoreRefused, StoreUnavailable
from logboom.store import open_store
from tests.services.process import free_port
from tests.unit.elastic.http_servers import answering, served

_SAYS = b"HTTP/1.1 %s\r\nx-elastic-product: Elasticsearch\r\ncontent-length: 2\r\n\r\n{}"


async def reach(url: str) -> None:
    config = Config.model_validate({"store": {"kind": "elasticsearch", "urls": [url]}})
    store = await open_store(config, clock=SystemClock())
    try:
        await store.reach()
    finally:
        await store.close()


async def test_one_that_answers() -> None:
    async with served(answering(_SAYS % b"200 OK")) as where:
        await reach(where.url)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (b"401 Unauthorized", StoreRefused),
        (b"403 Forbidden", StoreRefused),
        (b"503 Service Unavailable", StoreUnavailable),
    ],
)
async def test_one_that_refuses_or_cannot(status: bytes, error: type[Exception]) -> None:
    async with served(answering(_SAYS % status)) as where:
        with pytest.raises(error):
            await reach(where.url)


async def test_nobody() -> None:
    with pytest.raises(StoreUnavailable):
        await reach(f"http://127.0.0.1:{free_port()}")
