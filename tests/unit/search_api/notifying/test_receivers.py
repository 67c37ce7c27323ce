"""What a webhook and an action are sent, and what follows from the answers of any receiver."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from contextlib import suppress
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from logboom.clock import ManualClock, SystemClock
from logboom.config.receiving import ReceiverSection
from logboom.errors import ReceiverUnreachable
from search_api.notifying.client import Client
from search_api.notifying.notification import Outcome
from search_api.notifying.opening import outlet_of
from tests.unit.search_api.notifying.hearing import Server
from tests.unit.search_api.notifying.telling import ended, message, one_alert, tell
from tests.unit.search_api.notifying.timeline import START


async def test_a_webhook_is_signed_and_has_everything(server: Server) -> None:
    section = {"url": f"{server.url}/hook", "secret": "s3cret", "headers": {"X-Team": "shop"}}
    outcome = await tell(message(one_alert()), webhook=section)
    assert outcome == Outcome(delivered=True, detail="HTTP 200")
    (heard,) = server.heard
    stamp = heard.headers["x-logboom-timestamp"]
    signed = hmac.new(b"s3cret", f"{stamp}.".encode() + heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["x-logboom-signature"] == f"v1={signed}"
    assert int(stamp) == int(START.timestamp())
    assert heard.headers["idempotency-key"] == "0123456789abcdef"
    assert heard.headers["x-team"] == "shop"
    sent = heard.json
    assert (sent["version"], sent["status"], sent["severity"]) == (1, "firing", "critical")
    (told,) = sent["alerts"]
    assert (told["value"], told["condition"]) == (0.2, "error_rate > 0.05 over 2m")
    assert (told["threshold"], told["unit"]) == (0.05, "share")
    assert told["samples"] == [{"message": "a <b> & c", "log.level": "error"}]
    search = parse_qs(urlsplit(told["links"]["search"]).query)
    assert search == {
        "q": ["service:checkout"],
        "from": ["2026-11-23T09:58:00Z"],
        "to": ["2026-11-23T10:00:00Z"],
    }
    assert told["links"]["error group"] == "https://logs.example/api/v1/errors/f00d"
    assert set(told["links"]) == {"search", "error group", "acknowledge", "silence"}


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (204, {}, Outcome(delivered=True, detail="HTTP 204")),
        (302, {"Location": "http://127.0.0.1:1/"}, Outcome(delivered=False, detail="HTTP 302")),
        (404, {}, Outcome(delivered=False, detail="HTTP 404")),
        (503, {}, Outcome(delivered=False, detail="HTTP 503", retryable=True)),
        (
            429,
            {"Retry-After": "17"},
            Outcome(delivered=False, detail="HTTP 429", retryable=True, retry_after_s=17.0),
        ),
    ],
)
async def test_answers_and_what_follows(
    server: Server, status: int, headers: dict[str, str], expected: Outcome
) -> None:
    server.answering = lambda _: web.Response(status=status, headers=headers)
    assert await tell(message(one_alert()), webhook=server.url) == expected
    assert len(server.heard) == 1


async def test_nobody_there_and_no_secret_in_the_words() -> None:
    with pytest.raises(ReceiverUnreachable) as caught:
        await tell(message(one_alert()), slack="http://127.0.0.1:1/services/T0/SECRET")
    assert "SECRET" not in str(caught.value)


async def test_one_that_takes_alerts_one_by_one_is_asked_again_for_those_that_are_left(
    server: Server,
) -> None:
    server.answering = lambda _: web.Response(status=503 if len(server.heard) == 2 else 202)
    alerts = [replace(one_alert(), episode=name) for name in ("a", "b", "c")]
    section = {"routing_key": "R", "url": server.url}
    first = await tell(message(*alerts), pagerduty=section)
    assert (first.retryable, first.told) == (True, frozenset({"a"}))
    again = replace(message(*alerts), told=first.told)
    assert (await tell(again, pagerduty=section)).delivered
    assert [one.json["dedup_key"] for one in server.heard] == ["a", "b", "b", "c"]


async def test_each_of_many_requests_has_its_own_time(server: Server) -> None:
    made = ReceiverSection.model_validate(
        {"name": "one", "timeout": "2s", "pagerduty": {"routing_key": "R"}}
    )
    outlet = outlet_of(made, ManualClock(START))
    assert (outlet.client.timeout_s, outlet.timeout_s) == (2, 80)
    await outlet.client.close()


async def test_an_answer_that_never_ends_is_given_up() -> None:
    hung_up = asyncio.Event()

    async def trickle(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)
            await writer.wait_closed()
        writer.close()
        hung_up.set()

    client = Client(SystemClock(), allow_private=True, timeout_s=0.1)
    async with await asyncio.start_server(trickle, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(ReceiverUnreachable):
            await client.send("GET", f"http://127.0.0.1:{port}/")
        await client.close()
        await hung_up.wait()


async def test_an_action_is_asked_only_when_something_fires(server: Server) -> None:
    section = {"url": server.url, "secret": "s"}
    for one in (message(ended(one_alert()), kind="resolved"), message(one_alert(), kind="repeat")):
        assert (await tell(one, action=section)).detail == "nothing to do"
    assert server.heard == []
    assert (await tell(message(one_alert()), action=section)).delivered
    assert server.heard[0].json["action"] is True
    assert "x-logboom-signature" in server.heard[0].headers
