"""Who asked what is written down, one line each, without secrets."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.clock import ManualClock
from logboom.keys import new_token
from logboom.keys.redacting import redacted
from search_api.access.auditing import (
    _LONGEST_VALUE,
    _MOST_LOOKED_AT,
    Asked,
    AuditLog,
    line_of,
)
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
        ("key k0", "GET", "/api/v1/keys", {}, 403),
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


SECRETS = (
    "logboom_" + "Qz7" * 14 + "w",
    "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJRejdRejcifQ" * 40 + ".Qz7Qz7Qz7Qz7Qz7Qz7Qz7Qz7",
    "ghp_" + "Qz7" * 12,
    "password=" + "Qz7" * 8,
    'password="' + "Qz7 zQ8 " * 400 + '"',
    "token=/" + "Qz7 zQ8 " * 10 + "/",
    "Authorization: Basic " + "Qz7" * 8 + "==",
    "password\\=" + "Qz7" * 8,
)
EDGES = (_LONGEST_VALUE, _MOST_LOOKED_AT)


@given(
    secret=st.sampled_from(SECRETS), edge=st.sampled_from(EDGES), behind=st.integers(-1_200, 1_200),
    place=st.sampled_from(["query", "body", "nested", "path", "name"]), filler=st.sampled_from(["x ", "lorem, ", "-"]),
    more=st.sampled_from(["", " level:error " * 4_000]),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_no_piece_of_a_secret_is_left_where_a_text_is_cut(
    secret: str, edge: int, behind: int, place: str, filler: str, more: str
) -> None:
    before = (filler * edge)[: max(0, edge - behind)] + " "
    text = f"{before}{secret} {more}"
    ways: dict[str, dict[str, Any]] = {
        "query": {"query": urlencode({"q": text}).encode()},
        "name": {"query": urlencode({text: "a"}).encode()},
        "path": {"path": text},
        "body": {"body": json.dumps({"q": text}).encode()},
        "nested": {"body": json.dumps({"query": {"q": [text]}}).encode()},
    }
    line = line_of(asked(**ways[place]), 0)
    assert "Qz7" not in line
    assert len(line) < 3_000


def test_how_much_is_looked_at_is_bounded() -> None:
    values = {f"p{number}": "lorem " * 2_000 for number in range(20)}
    told = json.loads(line_of(asked(body=json.dumps(values).encode()), 0))["parameters"]
    assert [len(value) for value in told.values()] == [_LONGEST_VALUE] * 3
    for deep in (
        b"[" * 400 + b"]" * 400,
        b"[" + b"1," * 400_000 + b"1]",
        b'{"a":' * 300 + b"1" + b"}" * 300,
    ):
        assert len(line_of(asked(body=b'{"q":%s}' % deep), 0)) < 3_000


async def test_questions_in_bodies_are_written_whatever_their_method(api: Api) -> None:
    headers = {"Authorization": f"Bearer {await api.key('read')}"}
    body = {"query": {"term": {"service.name": "bank"}}}
    for method in ("GET", "POST"):
        answer = await api.client.request(method, "/es/_search", json=body, headers=headers)
        assert answer.json()["hits"]["total"]["value"] == 20
        assert json.loads(api.audited()[-1]["parameters"]["query"]) == body["query"]
    large = b" " * 2**21
    answer = await api.client.request("GET", "/es/_search", content=large, headers=headers)
    assert answer.status_code == 413
    lines = [{"index": "x"}, body, {}, {"query": {"match_all": {}}}]
    several = "".join(json.dumps(line) + "\n" for line in lines) + "{\n{}\n"
    await api.client.post("/es/_msearch", content=several, headers=headers)
    told = api.audited()[-1]["parameters"]["body"]
    assert [json.loads(line) for line in told[:4]] == lines
    assert told[4:] == ["1 bytes that are no JSON", "{}"]


async def test_rules_that_show_events_and_keys_that_are_made_are_written(api: Api) -> None:
    headers = {"Authorization": f"Bearer {await api.key('admin')}"}
    rule = {"alert": "Any", "when": "count > 0", "over": "1h", "where": "service:bank"}
    for method, way, body in (
        ("POST", "rules/dry-run", {"definition": rule}), ("PUT", "rules/g", {"rules": [rule]}),
        ("POST", "keys", {"name": "x", "scopes": ["admin"]}),
    ):  # fmt: skip
        await api.client.request(method, f"/api/v1/{way}", json=body, headers=headers)
        told = api.audited()[-1]["parameters"]
        assert {name: _read(text) for name, text in told.items()} == body, way
    await api.client.post("/api/v1/session", json={"key": headers["Authorization"][7:]})
    assert api.audited()[-1]["parameters"] == {}


def _read(text: str) -> Any:
    return json.loads(text) if text[0] in "[{" else text


def test_what_is_given_several_times_is_all_told() -> None:
    line = line_of(asked(query=b"field=service&field=account&q=a"), 0)
    assert json.loads(line)["parameters"] == {"field": ["service", "account"], "q": "a"}
    told = json.loads(line_of(asked(query=b"a=b&" * 70), 0))["parameters"]
    assert told == {"a": ["b"] * 50, "...": "20 more"}


def test_what_is_nested_has_no_secrets_either() -> None:
    content = {
        "query": {"terms": [{"client_secret": "hunter2", "n": 1, "q": "password=hunter2 x"}, None]}
    }
    line = line_of(asked(body=json.dumps(content).encode()), 0)
    assert json.loads(json.loads(line)["parameters"]["query"]) == {
        "terms": [{"client_secret": "***", "n": 1, "q": "password=*** x"}, None]
    }


@pytest.mark.parametrize(
    "name", ["access_token", "client_secret", "X-Api-Key", "pass", "id_token", "Cookie", "key"]
)
def test_what_is_named_as_a_secret_is_one(name: str) -> None:
    line = line_of(asked(query=urlencode({name: "hunter2", "q": "a"}).encode()), 0)
    assert json.loads(line)["parameters"] == {name: "***", "q": "a"}


async def test_of_strangers_there_are_so_many_lines_and_the_rest_are_counted(api: Api) -> None:
    key = await api.key("read")
    for _ in range(50):
        assert (await api.get("count")).status_code == 401
        assert (await api.get("session")).status_code == 401
    assert (await api.client.get("/", headers={"Host": "["})).status_code == 200
    assert len(api.audited()) == 10
    assert (await api.get("count", key)).status_code == 200
    assert (await api.get("count", key)).status_code == 200
    assert [line.get("left_out") for line in api.audited()] == [*[None] * 10, 90, None]
    api.clock.advance(1)
    await api.get("count")
    assert len(api.audited()) == 13


async def test_of_guesses_each_is_told_or_counted(api: Api) -> None:
    key = await api.key("read")
    statuses = [(await api.get("count", "logboom_wrong")).status_code for _ in range(200)]
    assert statuses == [401] * 10 + [429] * 190
    await api.get("count", key)
    api.clock.advance(0.1)
    assert (await api.get("count", "logboom_wrong")).status_code == 429
    api.clock.advance(0.1)
    assert (await api.get("count", "logboom_wrong")).status_code == 401
    assert (await api.get("count", "logboom_wrong")).status_code == 429
    await api.get("count", key)
    lines = api.audited()
    assert len(lines) + sum(line.get("left_out", 0) for line in lines) == 205
    assert [line.get("left_out") for line in lines] == [*[None] * 10, 190, 1, 1]


async def test_who_is_known_and_not_let_in_is_named_as_often_as_can_be(tmp_path: Path) -> None:
    limits = {"requests_per_s": 1, "burst": 2}
    async with opened(tmp_path, auth="keys", limits=limits) as api:
        key, other = await api.key("alerts"), await api.key("read")
        assert (await api.get("count", key)).status_code == 403
        assert (await api.get("rules", key)).status_code == 200
        for _ in range(50):
            assert (await api.get("count", key)).status_code == 429
        assert (await api.get("count")).status_code == 401, "strangers have lines of their own"
        await api.get("count", other)
        told = [
            (one["user.name"], one["http.response.status_code"], one.get("left_out"))
            for one in api.audited()
        ]
        assert told == [
            ("key k0", 403, None), ("key k0", 200, None), *[("key k0", 429, None)] * 10,
            ("", 401, 40), ("key k1", 200, None),
        ]  # fmt: skip


def test_a_file_that_was_rotated_away_is_opened_anew(tmp_path: Path) -> None:
    path = tmp_path / "audit" / "api.log"
    audit = AuditLog(path, ManualClock(NOW), most_per_s=5)
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
        (rf"a\n{JWT} x.{JWT},{JWT[:-8]}", "*** x.***,***"),
        ("eyJ" * 500, "eyJ" * 500),
        ("token:/a b", "token:***"),
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
