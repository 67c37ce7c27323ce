"""Who asked what is written down, one line each, without secrets."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from logboom.clock import ManualClock
from logboom.keys import new_token
from logboom.keys.redacting import redacted
from search_api.access.auditing import Asked, AuditLog, line_of
from tests.unit.search_api.access.conftest import NOW, Api, opened

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl"


async def test_who_asked_what_is_written_down(api: Api) -> None:
    key = await api.key("read")
    await api.get("search", key, q="level:error", limit=7)
    headers = {"Authorization": f"Bearer {key}"}
    await api.client.post("/api/v1/search", json={"q": "service:bank"}, headers=headers)
    await api.get("count", "logboom_wrong")
    await api.get("keys", key)
    await api.get("health", key)
    await api.client.get("/healthz")
    lines = api.audited()
    told = [
        (one["user.name"], one["http.request.method"], one["url.path"], one["parameters"],
         one["http.response.status_code"])
        for one in lines
    ]  # fmt: skip
    assert told == [
        ("key k0", "GET", "/api/v1/search", {"q": "level:error", "limit": "7"}, 200),
        ("key k0", "POST", "/api/v1/search", {"q": "service:bank"}, 200),
        ("", "GET", "/api/v1/count", {}, 401),
        ("", "GET", "/api/v1/keys", {}, 403),
    ]
    assert lines[0]["@timestamp"] == "2026-11-21T12:00:30.000Z"
    assert lines[0]["client.ip"] == "127.0.0.1"
    assert lines[0]["took_ms"] >= 0
    text = json.dumps(lines)
    assert key not in text
    assert "logboom_wrong" not in text


async def test_nothing_secret_gets_into_any_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(tmp_path, auth="keys") as api:
        admin = await api.key("admin")
        headers = {"Authorization": f"Bearer {admin}", "X-API-Key": admin}
        secret = new_token()
        urls = (f"count?q={secret}", f"search?key={secret}", f"events/{secret}", f"{secret}")
        for url in urls:
            await api.client.get(f"/api/v1/{url}", headers=headers)
        made = await api.client.post(
            "/api/v1/keys", json={"name": "x", "scopes": ["read"]}, headers=headers
        )
        await api.client.post("/api/v1/session", json={"key": admin})
        cookie = api.client.cookies["logboom_session"]
        assert api.audited()[-1]["user.name"] == api.audited()[0]["user.name"] != ""
        path = api.config.api.audit_path(api.config.data)
        assert path is not None
        ours = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]
        written = path.read_text() + "\n".join(ours)
        assert path.stat().st_mode & 0o077 in {0, 0o044}
        assert path.parent.stat().st_mode & 0o077 == 0
        for one in (admin, secret, made.json()["key"], cookie):
            assert one not in written
        assert len(api.audited()) == len(urls) + 2


async def test_where_no_keys_are_needed_nothing_is_written_unless_wanted(tmp_path: Path) -> None:
    async with opened(tmp_path / "a") as api:
        await api.get("count")
        assert api.config.api.audit_path(api.config.data) is None
    async with opened(tmp_path / "b", audit=str(tmp_path / "c" / "audit.log")) as api:
        await api.get("count", q="x")
        assert [line["user.name"] for line in api.audited()] == ["anybody"]
    async with opened(tmp_path / "d", auth="keys", audit="off") as api:
        await api.get("count")
        assert not (tmp_path / "d" / "audit").exists()


def asked(**more: Any) -> Asked:
    usual: dict[str, Any] = {
        "who": "key a", "address": "::1", "method": "GET", "path": "/api/v1/count", "query": b"",
        "body": b"", "status": 200, "took_s": 0.001,
    }  # fmt: skip
    return Asked(**(usual | more))


def test_a_line_is_one_line_whatever_is_asked() -> None:
    nasty = 'a\r\n{"user.name": "root"}\x1b[2J\u2028\u0085\x00'
    line = line_of(asked(path=nasty, who=nasty, body=json.dumps({nasty: nasty}).encode()), 0)
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["user.name"] == nasty
    for body in (b"\xff\xfe", b"[" * 5_000, b"{", b"[1, 2]", b"null", b'{"a": 1, "a": 2}'):
        assert line_of(asked(body=body), 0).isprintable(), body
    for query in (b"\xff=%ff", b"%0a=%0d%0a", b"&&==", b"a" * 10_000, b"a=b&" * 1_000):
        assert len(line_of(asked(query=query), 0)) < 5_000


def test_a_file_that_was_rotated_away_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "api.log"
    audit = AuditLog(path, ManualClock(NOW))
    audit.write(asked(path="/1"))
    path.rename(path.with_suffix(".1"))
    audit.write(asked(path="/2"))
    audit.close()
    assert [json.loads(one.read_text())["url.path"] for one in (path.with_suffix(".1"), path)] == [
        "/1", "/2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        (f"find {new_token()} now", "find *** now"),
        (JWT, "***"),
        (f"Authorization: Bearer {JWT}", "Authorization: *** ***"),
        ("password=hunter2 AND level:error", "password=*** AND level:error"),
        ('message:"api_key: abc"', 'message:"api_key: ***'),
        ("token:abc", "token:***"),
        (r"password\=hunter2\ and\-more level:error", r"password\=*** level:error"),
        (r'say "password=\"hunter 2\" is" it', 'say "password=*** is" it'),
        (r"attributes.pass\u0077ord:hunter2", r"attributes.pass\u0077ord:***"),
        ("password:(hunter2 OR hunter3) level:error", "password:*** level:error"),
        ("token:[a TO b] token:/a b/ x", "token:*** token:*** x"),
        ("Authorization: Basic aHVudGVyOmh1bnRlcg", "Authorization: *** ***"),
        (r"C:\temp\u00e9 \\server\share", r"C:\temp\u00e9 \\server\share"),
        ("basic auth failed, bearer of news", "basic auth failed, bearer of news"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("level:error AND service:checkout", "level:error AND service:checkout"),
        ("tokenizer secretary passenger", "tokenizer secretary passenger"),
    ],
)
def test_secrets_in_questions_are_stars(text: str, safe: str) -> None:
    assert redacted(text) == safe
