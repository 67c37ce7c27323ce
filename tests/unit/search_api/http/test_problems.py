"""Which status tells of which error."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI

from logboom.errors import LogboomError, StoreDamaged, StoreRefused, StoreUnavailable
from search_api.http import problems


@pytest.mark.parametrize("kind", [StoreDamaged, StoreRefused, StoreUnavailable])
async def test_what_a_store_cannot_do_is_no_bug(kind: type[LogboomError]) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def answer() -> None:
        raise kind("an event cannot be read", where="logs-2026.03.14")

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        found = await client.get("/")
    assert found.status_code == 503
    assert found.json()["detail"] == "logs-2026.03.14: an event cannot be read"
