"""Exports take turns, and say what their times meant."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from prometheus_client import CollectorRegistry
from starlette.types import Message

from logboom.errors import StoreUnavailable, TooBusy
from logboom.event import epoch_us
from logboom.query.model import MatchAll, Query
from logboom.store import Count, Page, SearchRequest, TimeRange
from logboom.telemetry import ApiMetrics
from search_api.exports.routes import ExportResponse, _told
from search_api.http.turns import Turns
from search_api.searching.asking import Asked
from tests.api_world import served
from tests.serving import document, serve


async def test_too_many_exports_are_told_to_come_later(tmp_path: Path) -> None:
    async with served(tmp_path, api={"searches": {"exports": 1}}) as world:
        answers = await asyncio.gather(*(world.api.get("/api/v1/export") for _ in range(4)))
    codes = sorted(one.status_code for one in answers)
    assert (codes[0], codes[-1]) == (200, 429)
    refused = next(one for one in answers if one.status_code == 429)
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["content-type"] == "application/problem+json"


async def test_an_export_that_goes_on_tells_what_is_lacking_in_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[TimeRange] = []

    async def lacking(_query: Query, times: TimeRange, _fields: Sequence[str] = ()) -> list[str]:
        asked.append(times)
        return []

    async with served(tmp_path) as world:
        one = document(1)
        await world.write([one])
        monkeypatch.setattr(world.store, "lacking", lacking)
        at_us = epoch_us(str(one.event["@timestamp"]))
        for sort in ("asc", "desc"):
            answer = await world.api.get(f"/api/v1/export?after={one.id}&sort={sort}&from=now-9d")
            assert answer.status_code == 200, answer.text
    assert (asked[0].start_us, asked[1].end_us) == (at_us, at_us + 1)


def test_notes_without_room_are_counted() -> None:
    long, short = "x" * 4_000, "`levle` is no field"
    assert json.loads(_told([short])) == [short]
    for notes, fit in (([long], []), ([short, long, short], [short]), ([short] * 999, None)):
        text = _told(notes)
        *told, more = json.loads(text)
        assert len(text) <= 4_000
        assert told == (notes[: len(told)] if fit is None else fit)
        assert more.startswith(f"{len(notes) - len(told)} more of these")


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
        return ExportResponse(endless(), lambda work: work(), turns, "ndjson", asked)

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


async def gone(_request: SearchRequest) -> Page:
    raise StoreUnavailable("Elasticsearch does not answer: token=s3cr3tvalue99", where="there")


@pytest.mark.parametrize("more", ["", "&format=csv", "&keep_alive=true", "&format=csv&limit=3"])
async def test_a_store_that_is_away_at_the_begin_is_a_problem_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    async with served(tmp_path, api={"searches": {"exports": 1}}) as world:
        monkeypatch.setattr(world.store, "search", gone)
        for _ in range(2):  # nor is a turn kept
            answer = await world.api.get(f"/api/v1/export?q=x{more}")
            assert answer.status_code == 503, answer.text
            assert answer.headers["content-type"] == "application/problem+json"
            assert "does not answer" in answer.json()["detail"]


@pytest.mark.parametrize("form", ["ndjson", "csv"])
async def test_an_export_of_nothing_is_whole(tmp_path: Path, form: str) -> None:
    async with serve(tmp_path) as api, httpx.AsyncClient(base_url=api.url, timeout=60) as client:
        answer = await client.get(f"/api/v1/export?q=nothing&format={form}&fields=message")
    assert answer.status_code == 200
    assert answer.text == {"ndjson": "", "csv": "_id,message\r\n"}[form]


async def test_why_an_export_broke_off_later_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("search_api.exports.exporting._TRIES", 0)
    events: Sequence[dict[str, object]] = [document(1).event]

    async def once(request: SearchRequest) -> Page:
        if request.cursor is not None:
            return await gone(request)
        return Page(events, Count(2), "on", partial=False)

    caplog.set_level(logging.INFO)
    async with serve(tmp_path) as api, httpx.AsyncClient(base_url=api.url, timeout=60) as client:
        monkeypatch.setattr(api.store, "search", once)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/api/v1/export")
        told = [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]
    assert len(told) == 1, told
    assert told[0].startswith("an export broke off: there: Elasticsearch does not answer")
    assert "s3cr3t" not in told[0]


@pytest.mark.parametrize(("part", "more"), [("lacking", ""), ("get", "&after=x"), ("search", "")])
async def test_a_store_that_hangs_at_the_begin_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str, more: str
) -> None:
    async def hanging(*_: object, **__: object) -> str:
        return f"{await asyncio.Event().wait()}"

    async with served(tmp_path, api={"searches": {"timeout": "100ms"}}) as world:
        for name in (part, "reach"):
            monkeypatch.setattr(world.store, name, hanging)
        answer = await asyncio.wait_for(world.api.get(f"/api/v1/export?q=x:1{more}"), 30)
    assert answer.status_code == 503
    assert "does not answer at all" in answer.json()["detail"]
