"""Exports take turns, and say what their times meant."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message

from logboom.errors import TooBusy
from logboom.query.model import MatchAll
from logboom.store import TimeRange
from logboom.telemetry import ApiMetrics
from search_api.asking import Asked
from search_api.export_routes import ExportResponse
from search_api.turns import Turns
from tests.api_world import served


async def test_too_many_exports_are_told_to_come_later(tmp_path: Path) -> None:
    async with served(tmp_path, api={"searches": {"exports": 1}}) as world:
        answers = await asyncio.gather(*(world.api.get("/api/v1/export") for _ in range(4)))
    codes = sorted(one.status_code for one in answers)
    assert (codes[0], codes[-1]) == (200, 429)
    refused = next(one for one in answers if one.status_code == 429)
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["content-type"] == "application/problem+json"


async def nothing() -> Message:
    """A client that never says anything."""
    forever: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
    return await forever


async def test_exports_take_turns_and_give_them_back_when_the_client_goes() -> None:
    metrics = ApiMetrics(CollectorRegistry())
    turns = Turns(1, "exports", "api.searches.exports", metrics.exports_under_way, metrics.busy)
    sent: list[Message] = []
    is_sending = asyncio.Event()

    async def send(message: Message) -> None:
        sent.append(message)
        if message["type"] == "http.response.body":
            is_sending.set()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"{}\n"
            await asyncio.sleep(0)

    asked = Asked(MatchAll(), TimeRange(0, 1_000_000), ["`levle` is no field"], ZoneInfo("UTC"))

    def response() -> ExportResponse:
        return ExportResponse(endless(), turns, "ndjson", asked)

    scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
    first = asyncio.create_task(response()(scope, nothing, send))
    await is_sending.wait()
    headers = dict(sent[0]["headers"])
    assert headers[b"logboom-from"] == b"1970-01-01T00:00:00.000Z"
    assert headers[b"logboom-to"] == b"1970-01-01T00:00:01.000Z"
    assert headers[b"logboom-notes"] == b'["`levle` is no field"]'
    with pytest.raises(TooBusy, match="1 exports are under way"):
        await response()(scope, nothing, send)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    with turns.turn():
        pass
