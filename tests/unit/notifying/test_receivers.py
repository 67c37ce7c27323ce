"""What each receiver is sent over HTTP, and what follows from its answers."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web

from logboom.clock import ManualClock, SystemClock
from logboom.config.receiving import ReceiverSection
from logboom.errors import ReceiverError, ReceiverUnreachable
from search_api.alerts.alert import Alert, AlertState
from search_api.notifying.client import Client
from search_api.notifying.notification import Links, Notification, Outcome
from search_api.notifying.opening import outlet_of
from tests.unit.notifying.hearing import Heard, Server, hearing
from tests.unit.notifying.timeline import START, alert

LINKS = Links("https://logs.example")
PNG = b"\x89PNG picture"


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with hearing() as one:
        yield one


def one_alert(**labels: str) -> Alert:
    made = alert("ep1", severity="critical", service__name="checkout", **labels)
    return replace(
        made, error_group="f00d", samples=({"message": "a <b> & c", "log.level": "error"},)
    )


def ended(one: Alert) -> Alert:
    return replace(one, state=AlertState.RESOLVED, ends_at=START + timedelta(minutes=7))


def message(
    *alerts: Alert, kind: str = "firing", level: int = 0, chart: bytes | None = None
) -> Notification:
    labels = {"alertname": "ep", "service.name": "checkout"}
    return Notification(
        "0123456789abcdef", "one", kind, level, "group1", labels, alerts, START, LINKS, chart
    )


async def tell(notification: Notification, **section: Any) -> Outcome:
    made = ReceiverSection.model_validate(
        {"name": "one", "allow_private": True, "timeout": "5s"} | section
    )
    outlet = outlet_of(made, ManualClock(START))
    try:
        return await outlet.deliver(notification, outlet.client)
    finally:
        await outlet.client.close()


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


async def test_slack(server: Server) -> None:
    await tell(
        message(one_alert(), ended(replace(one_alert(), episode="ep2"))),
        slack=f"{server.url}/services/T",
    )
    sent = server.heard[0].json
    header, fires, buttons, resolved, _ = sent["blocks"]
    assert header["text"]["text"] == "[FIRING:1] ep in checkout (critical)"
    assert "a &lt;b&gt; &amp; c" in fires["text"]["text"]
    assert "error_rate &gt; 0.05" in fires["text"]["text"]
    assert [one["text"]["text"] for one in buttons["elements"]] == [
        "search",
        "error group",
        "acknowledge",
        "silence",
    ]
    assert "RESOLVED" in resolved["text"]["text"]


async def test_discord_mentions_nobody_and_shows_the_picture(server: Server) -> None:
    hostile = replace(one_alert(), samples=({"message": "@everyone ```hi"},))
    await tell(message(hostile), discord=server.url)
    sent = server.heard[0].json
    assert sent["allowed_mentions"] == {"parse": []}
    assert sent["embeds"][0]["description"].count("```") == 2
    await tell(message(hostile, chart=PNG), discord=server.url)
    assert server.heard[1].headers["content-type"].startswith("multipart/form-data")
    assert PNG in server.heard[1].body


async def test_discord_gets_no_more_than_it_takes(server: Server) -> None:
    long = replace(one_alert(**{f"label{n}": "x" * 200 for n in range(10)}), query="q" * 300)
    await tell(message(*(replace(long, episode=f"ep{n}") for n in range(5))), discord=server.url)
    sent = server.heard[0].json
    texts = [one["title"] + one["description"] for one in sent["embeds"]]
    texts += [field["name"] + field["value"] for one in sent["embeds"] for field in one["fields"]]
    assert sum(map(len, texts)) < 6000
    shown = len(sent["embeds"])
    assert 1 < shown < 5
    assert f"… and {5 - shown} more alerts" in sent["content"]


async def test_what_a_log_says_is_no_layout_for_teams(server: Server) -> None:
    hostile = replace(one_alert(host="*a*"), samples=({"message": "[log in](https://x.example)"},))
    await tell(message(hostile), teams=server.url)
    (attachment,) = server.heard[0].json["attachments"]
    _, facts, lines = attachment["content"]["body"][1]["items"]
    assert lines["text"] == r"\[log in\]\(https://x.example\)"
    assert {"title": "host", "value": r"\*a\*"} in facts["facts"]


async def test_teams(server: Server) -> None:
    await tell(message(one_alert()), teams=server.url)
    (attachment,) = server.heard[0].json["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert len(attachment["content"]["actions"]) == 4


async def test_telegram_and_its_way_to_ask_for_patience(server: Server) -> None:
    section = {"token": "1:abc", "chat": "@shop", "url": server.url}
    await tell(message(one_alert(), chart=PNG), telegram=section)
    assert [one.path for one in server.heard] == ["/bot1:abc/sendMessage", "/bot1:abc/sendPhoto"]
    assert server.heard[0].json["chat_id"] == "@shop"
    assert "a <b> & c" in server.heard[0].json["text"]
    patience = {"ok": False, "parameters": {"retry_after": 30}}
    server.answering = lambda _: web.json_response(patience, status=429)
    outcome = await tell(message(one_alert()), telegram=section)
    assert (outcome.retryable, outcome.retry_after_s) == (True, 30)


async def test_a_picture_that_fails_is_no_reason_to_tell_telegram_again(server: Server) -> None:
    def answering(heard: Heard) -> web.Response:
        response = web.json_response({})
        if heard.path.endswith("sendPhoto"):
            response.force_close()
            response.headers["Content-Length"] = "-1"
        return response

    server.answering = answering
    section = {"token": "1:abc", "chat": "@shop", "url": server.url}
    assert (await tell(message(one_alert(), chart=PNG), telegram=section)).delivered
    assert [one.path for one in server.heard] == ["/bot1:abc/sendMessage", "/bot1:abc/sendPhoto"]


async def test_pagerduty_triggers_and_resolves_by_episode(server: Server) -> None:
    server.answering = lambda _: web.json_response({"status": "success"}, status=202)
    section = {"routing_key": "R" * 32, "url": server.url}
    await tell(message(one_alert(), ended(replace(one_alert(), episode="ep2"))), pagerduty=section)
    first, second = (one.json for one in server.heard)
    assert (first["event_action"], first["dedup_key"], first["payload"]["severity"]) == (
        "trigger",
        "ep1",
        "critical",
    )
    assert second == {"routing_key": "R" * 32, "event_action": "resolve", "dedup_key": "ep2"}


async def test_one_that_takes_alerts_one_by_one_is_asked_again_for_those_that_are_left(
    server: Server,
) -> None:
    server.answering = lambda _: web.Response(status=503 if len(server.heard) == 2 else 202)
    alerts = [replace(one_alert(), episode=name) for name in ("a", "b", "c")]
    section = {"routing_key": "R", "url": server.url}
    first = await tell(message(*alerts), pagerduty=section)
    assert (first.retryable, first.told) == (True, {"a"})
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


async def test_opsgenie(server: Server) -> None:
    section = {"api_key": "K", "url": server.url}
    await tell(message(one_alert(), ended(replace(one_alert(), episode="ep2"))), opsgenie=section)
    first, second = server.heard
    assert first.headers["authorization"] == "GenieKey K"
    assert (first.json["alias"], first.json["priority"]) == ("ep1", "P1")
    assert (second.path, second.query) == ("/v2/alerts/ep2/close", {"identifierType": "alias"})


async def test_alertmanager_one_replica_is_enough(server: Server) -> None:
    urls = ["http://127.0.0.1:1", server.url]
    assert (await tell(message(one_alert(env="prod")), alertmanager=urls)).delivered
    (sent,) = server.heard[0].json
    assert sent["labels"] == {
        "alertname": "ep",
        "severity": "critical",
        "service_name": "checkout",
        "env": "prod",
    }
    assert sent["startsAt"] == "2026-11-23T10:00:00+00:00"
    with pytest.raises(ReceiverUnreachable):
        await tell(message(one_alert()), alertmanager=urls[:1])


class Jira:
    """Remembers tickets as Jira's search, create, comment and transition do."""

    def __init__(self) -> None:
        self.tickets: dict[str, dict[str, Any]] = {}

    def answer(self, heard: Heard) -> web.Response:
        if heard.path == "/rest/api/2/search/jql":
            return web.Response(status=404)
        if heard.path == "/rest/api/2/search":
            label = heard.query["jql"].split('"')[1]
            found = [
                {"key": k} for k, one in self.tickets.items() if label in one["fields"]["labels"]
            ]
            return web.json_response({"issues": found})
        if heard.path == "/rest/api/2/issue":
            key = f"OPS-{len(self.tickets) + 1}"
            self.tickets[key] = {**heard.json, "comments": [], "files": 0, "state": "open"}
            return web.json_response({"key": key}, status=201)
        ticket = self.tickets[heard.path.split("/")[5]]
        return self._below(heard, ticket, heard.path.split("/")[6])

    def _below(self, heard: Heard, ticket: dict[str, Any], what: str) -> web.Response:
        if what == "comment":
            ticket["comments"].append(heard.json["body"])
        elif what == "attachments":
            assert heard.headers["x-atlassian-token"] == "no-check"
            ticket["files"] += heard.body.count(b"filename=")
        elif heard.method == "GET":
            return web.json_response(
                {"transitions": [{"id": "7", "name": "Start"}, {"id": "31", "name": "Done"}]}
            )
        else:
            assert heard.json == {"transition": {"id": "31"}}
            ticket["state"] = "done"
        return web.json_response({}, status=201)


async def test_jira_creates_once_comments_and_closes(server: Server) -> None:
    jira = Jira()
    server.answering = jira.answer
    section = {"url": server.url, "project": "OPS", "token": "t", "username": "bot"}
    for kind in ("firing", "firing", "repeat"):
        assert (await tell(message(one_alert(), kind=kind, chart=PNG), jira=section)).delivered
    (ticket,) = jira.tickets.values()
    assert ticket["fields"]["project"] == {"key": "OPS"}
    assert (len(ticket["comments"]), ticket["files"], ticket["state"]) == (1, 2, "open")
    assert "a <b> & c" in ticket["fields"]["description"]
    await tell(message(ended(one_alert()), kind="resolved"), jira=section)
    assert ticket["state"] == "done"
    assert "Resolved" in ticket["comments"][1]
    assert len(jira.tickets) == 1


async def test_servicenow_creates_once_and_resolves(server: Server) -> None:
    rows: dict[str, dict[str, Any]] = {}
    files: list[str] = []

    def answer(heard: Heard) -> web.Response:
        if heard.path == "/api/now/attachment/file":
            files.append(heard.query["file_name"])
        elif heard.method == "GET":
            mark = heard.query["sysparm_query"].removeprefix("correlation_id=")
            return web.json_response(
                {
                    "result": [
                        {"sys_id": "1"} for one in rows.values() if one["correlation_id"] == mark
                    ]
                }
            )
        elif heard.method == "POST":
            rows["1"] = heard.json
            return web.json_response({"result": {"sys_id": "1"}}, status=201)
        else:
            rows["1"] |= heard.json
        return web.json_response({"result": {}})

    server.answering = answer
    section = {"url": server.url, "username": "bot", "password": "p"}
    for kind in ("firing", "firing", "escalation"):
        assert (await tell(message(one_alert(), kind=kind, level=1), servicenow=section)).delivered
    assert rows["1"]["urgency"] == "1"
    assert "ESCALATION 1" in rows["1"]["work_notes"]
    assert files == ["lines.txt"]
    await tell(message(ended(one_alert()), kind="resolved"), servicenow=section)
    assert rows["1"]["state"] == "6"


async def test_an_action_is_asked_only_when_something_fires(server: Server) -> None:
    section = {"url": server.url, "secret": "s"}
    for one in (message(ended(one_alert()), kind="resolved"), message(one_alert(), kind="repeat")):
        assert (await tell(one, action=section)).detail == "nothing to do"
    assert server.heard == []
    assert (await tell(message(one_alert()), action=section)).delivered
    assert server.heard[0].json["action"] is True
    assert "x-logboom-signature" in server.heard[0].headers


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
async def test_apprise_tells_a_json_service(server: Server) -> None:
    host = server.url.removeprefix("http://")
    assert (await tell(message(one_alert()), apprise=f"json://{host}/x")).delivered
    assert "ep1 is bad" in server.heard[0].json["message"]
    with pytest.raises(ReceiverError, match="no public address"):
        await tell(message(one_alert()), apprise=f"json://{host}/x", allow_private=False)
    outcome = await tell(message(one_alert()), apprise="nonsense://x")
    assert not outcome.delivered
    assert not outcome.retryable


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
async def test_apprise_tells_nobody_twice(server: Server) -> None:
    server.answering = lambda heard: web.Response(status=500 if heard.path == "/bad" else 200)
    host = server.url.removeprefix("http://")
    outcome = await tell(message(one_alert()), apprise=[f"json://{host}/bad", f"json://{host}/x"])
    assert outcome == Outcome(delivered=True, detail="only 1 of 2 have taken it")
    assert (await tell(message(one_alert()), apprise=[f"json://{host}/bad"])).retryable


async def test_a_browser_can_read_what_it_is_sent(server: Server) -> None:
    import base64
    import json

    import http_ece
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    def text(raw: bytes) -> str:
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    browser, sender = (
        ec.generate_private_key(ec.SECP256R1()),
        ec.generate_private_key(ec.SECP256R1()),
    )
    point = browser.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )
    secret = b"0123456789abcdef"
    subscription = {"endpoint": f"{server.url}/push/1", "p256dh": text(point), "auth": text(secret)}
    gone = {**subscription, "endpoint": f"{server.url}/gone"}
    server.answering = lambda heard: web.Response(status=410 if heard.path == "/gone" else 201)
    section = {
        "private_key": text(sender.private_numbers().private_value.to_bytes(32, "big")),
        "subject": "mailto:ops@example.org", "subscriptions": [gone, subscription],
    }  # fmt: skip
    outcome = await tell(message(one_alert()), webpush=section)
    assert outcome == Outcome(delivered=True, detail="1 browsers are gone")
    heard = server.heard[1]
    read = http_ece.decrypt(
        heard.body, private_key=browser, auth_secret=secret, version="aes128gcm"
    )
    assert json.loads(read)["title"] == "[FIRING:1] ep in checkout (critical)"
    assert heard.headers["authorization"].startswith("vapid t=")
    assert heard.headers["content-encoding"] == "aes128gcm"

    server.heard.clear()
    bad = {**subscription, "endpoint": f"{server.url}/bad"}
    section["subscriptions"] = [subscription, bad, {**subscription, "endpoint": f"{server.url}/2"}]
    server.answering = lambda heard: web.Response(status=503 if heard.path == "/bad" else 201)
    first = await tell(message(one_alert()), webpush=section)
    assert (first.delivered, first.retryable, len(first.told)) == (False, True, 2)
    server.answering = lambda heard: web.Response(status=403 if heard.path == "/bad" else 201)
    again = await tell(replace(message(one_alert()), told=first.told), webpush=section)
    assert again == Outcome(delivered=True, detail="1 browsers have refused it")
    assert [one.path for one in server.heard] == ["/push/1", "/bad", "/2", "/bad"]
