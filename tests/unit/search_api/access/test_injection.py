"""Texts that would do harm elsewhere are texts here: in SQL, paths, headers, cookies and logs."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from logboom.keys import Scope
from tests.unit.search_api.access.conftest import Api, opened

NASTY: list[str | bytes] = [
    "' OR '1'='1", "'; DROP TABLE records; --", '" OR ""="', "x' UNION SELECT value FROM records--",
    "../../../../etc/passwd", "..\\..\\windows", "/etc/passwd", "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "a\r\nSet-Cookie: stolen=1", "a\nX-Injected: yes", "\x00", "\x1b[2J", "${jndi:ldap://x}", "{{7*7}}",
    "%s%s%s%n", "<script>alert(1)</script>", "\u202e\u2028", "\ud800".encode("utf-8", "surrogatepass"),
    "*", "_all", "logboom-*", "a" * 5_000,
]  # fmt: skip
PLACES = [
    "events/{}", "events/{}/context", "errors/{}", "traces/{}", "searches/{}", "keys/{}",
    "search?q={}", "search?from={}", "search?cursor={}", "search?sort={}", "search?tz={}",
    "search?fields={}", "count?q=message:%22{}%22", "histogram?by={}", "histogram?interval={}",
    "facets?field={}", "fields?prefix={}", "export?format=csv&fields={}", "export?after={}",
    "rates?service={}", "services?tz={}", "searches?after={}", "{}", "../{}", "errors?sort={}",
]  # fmt: skip


async def test_nothing_harmful_comes_of_nasty_texts(
    open_api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for number, place in enumerate(PLACES):
        for text in NASTY[number % 2 :: 2]:
            path = place.format(quote(text, safe=""))
            answer = await open_api.client.get(f"/api/v1/{path}")
            assert answer.status_code < 500, (place, text, answer.text)
            assert "set-cookie" not in answer.headers, (place, text)
            assert "x-injected" not in answer.headers, (place, text)
            assert "root:" not in answer.text, (place, text)
            kind = answer.headers["content-type"].partition(";")[0]
            assert kind in {
                "application/json", "application/problem+json", "application/x-ndjson", "text/csv",
                "text/plain",
            }, (place, text)  # fmt: skip
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("logboom")]
    assert not [line for line in ours if "\n" in line or "\x1b" in line]
    assert (await open_api.get("count")).json()["count"] == 60


async def test_nasty_texts_are_kept_as_they_are_and_change_nothing_else(open_api: Api) -> None:
    key = await open_api.key("read")
    for number, text in enumerate(NASTY):
        if not isinstance(text, str) or len(text) > 200:
            continue
        body = {"name": text, "q": "", "description": text}
        answer = await open_api.client.post("/api/v1/searches", json=body)
        assert answer.status_code == 201, (number, answer.text)
        saved = await open_api.get(f"searches/{answer.json()['id']}")
        assert saved.json()["name"] == text
        for path in ("keys", "errors", "searches"):
            gone = await open_api.client.delete(f"/api/v1/{path}/{quote(text, safe='')}")
            assert gone.status_code in {400, 404, 405}, (path, text)
    assert [one.name for one in await open_api.doors.book.keys()] == ["k0"]
    assert await open_api.doors.keys.find(key) is not None


async def test_headers_are_only_looked_at(api: Api) -> None:
    for text in NASTY:
        if not isinstance(text, str):
            continue
        value = text.encode("utf-8", "replace").replace(b"\r", b"").replace(b"\n", b"")
        for name in ("Authorization", "X-API-Key", "Cookie", "X-Forwarded-For", "Origin"):
            value_of = {"Authorization": b"Bearer " + value, "Cookie": b"logboom_session=" + value}
            headers = [(name.encode(), value_of.get(name, value).replace(b"\x00", b""))]
            answer = await api.client.get("/api/v1/count", headers=headers)
            assert answer.status_code in {401, 429}, (name, text)
    assert {line["client.ip"] for line in api.audited()} == {"127.0.0.1"}


async def _socket(
    api: Api, key: str | None, *messages: dict[str, Any], **headers: str
) -> list[Any]:
    """What a WebSocket is answered that says this and is closed by the client."""
    pairs = [(b"host", b"127.0.0.1:7700")]
    pairs += [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    if key is not None:
        pairs.append((b"authorization", f"Bearer {key}".encode()))
    said: list[dict[str, Any]] = [
        {"type": "websocket.connect"},
        *({"type": "websocket.receive", **message} for message in messages),
        {"type": "websocket.disconnect", "code": 1000},
    ]  # fmt: skip
    told: list[Any] = []

    async def receive() -> Any:
        return said.pop(0)

    async def send(message: Any) -> None:
        told.append(message)

    scope = {
        "type": "websocket", "path": "/api/v1/live", "query_string": b"", "headers": pairs,
        "client": ("127.0.0.1", 1), "scheme": "ws", "server": ("127.0.0.1", 7700),
        "root_path": "", "subprotocols": [], "extensions": {"websocket.http.response": {}},
    }  # fmt: skip
    await api.guard(scope, receive, send)
    return told


async def test_a_subscription_counts_as_a_request(tmp_path: Path) -> None:
    limits = {"requests_per_s": 1, "burst": 3}
    async with opened(tmp_path, auth="keys", limits=limits) as api:
        wishes = [{"text": f'{{"subscribe": "tail", "id": "t{n}"}}'} for n in range(5)]
        _, *said = await _socket(api, await api.key("read"), *wishes)
        problems = [json.loads(one["text"]) for one in said if "problem" in one.get("text", "")]
        assert [one["id"] for one in problems] == ["t2", "t3", "t4"]
        assert problems[0]["problem"] == "asks too often; come again in 1 s"


async def test_bytes_over_a_websocket_are_answered_and_harm_nothing(api: Api) -> None:
    key = await api.key("read")
    then = {"text": '{"unsubscribe": "x"}'}
    for message in ({"bytes": b"\x00"}, {"text": None, "bytes": b"{}"}):
        _, first, second = await _socket(api, key, message, then)
        assert "say it as text" in json.loads(first["text"])["problem"]
        assert json.loads(second["text"])["problem"] == "is not subscribed to"


async def test_a_websocket_needs_a_key_and_a_page_of_ours(api: Api) -> None:
    key = await api.key("read")
    (accepted, *_) = await _socket(api, key)
    assert accepted["type"] == "websocket.accept"
    (accepted, *_) = await _socket(api, key, Origin="http://127.0.0.1:7700")
    assert accepted["type"] == "websocket.accept"
    refusals: list[tuple[str | None, dict[str, str], int]] = [
        (None, {}, 401), (key + "x", {}, 401), (await api.key("ingest"), {}, 403),
        (key, {"Origin": "https://evil.example"}, 403), (key, {"Sec-Fetch-Site": "cross-site"}, 403),
        (key, {"Origin": "null"}, 403), (key, {"Origin": "http://["}, 403),
    ]  # fmt: skip
    for brought, headers, status in refusals:
        start, body = await _socket(api, brought, **headers)
        assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
        assert json.loads(body["body"])["status"] == status
    assert {scope.value for scope in Scope} == {"read", "ingest", "alerts", "admin"}
    lines = [line for line in api.audited() if line["http.request.method"] == "WEBSOCKET"]
    assert [line["event.action"] for line in lines[:2]] == ["begin", "end"]
