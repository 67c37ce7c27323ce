"""Who is let in where: keys, scopes, rates, bounds, foreign pages."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest

from logboom.config import ApiSection
from logboom.keys import Scope
from logboom.query.model import MatchAll
from search_api.access.channels import channels_for
from search_api.access.grants import Access
from search_api.access.headers import CONTENT_SECURITY_POLICY
from search_api.access.limiting import SERVICES, limited
from search_api.access.needs import CLOSED, need_of
from search_api.access.origins import Origins
from search_api.access.purses import subnet_of
from tests.unit.search_api.access.conftest import Api, opened

ADMINS_ONLY = {"/api/v1/keys", "/api/v1/keys/{name}"}
READERS = ("search", "count", "fields", "export", "errors", "health", "ledger", "session")


async def test_every_route_is_decided_on(api: Api) -> None:
    described = (await api.client.get("/openapi.json")).json()["paths"]
    asked = [(method.upper(), path) for path, methods in described.items() for method in methods]
    assert len(asked) > 30
    for route in api.guard.app.routes:  # type: ignore[attr-defined]
        asked += [(method, route.path) for method in getattr(route, "methods", None) or ()]
    for method, path in asked:
        is_closed = need_of(method, path) is CLOSED
        assert is_closed == (path in ADMINS_ONLY), (
            f"{method} {path}: say in search_api/access/needs.py who may have it"
        )
    for method, path in (("GET", "/api/v1/live"), ("POST", "/es/_msearch"), ("GET", "/metrics")):
        assert need_of(method, path).scope is Scope.READ


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/unheard-of"), ("GET", "/api/v1/"), ("GET", "/api/v1//search"),
        ("GET", "/api/v2/search"), ("GET", "/api"), ("GET", "/anything"), ("POST", "/"),
        ("PUT", "/api/v1/search"), ("DELETE", "/api/v1/events/x"), ("POST", "/api/v1/search/x"),
        ("PUT", "/es/index/_doc/1"), ("DELETE", "/es/index"), ("OPTIONS", "/api/v1/search"),
        ("GET", "/api/v1/keys"), ("GET", "/api/v1/keys/x"), ("GET", "/estimates"),
    ],
)  # fmt: skip
def test_what_nobody_has_decided_on_is_closed(method: str, path: str) -> None:
    assert need_of(method, path) is CLOSED


def test_outside_of_a_request_no_question_is_answered() -> None:
    assert SERVICES.get(None) is None
    with pytest.raises(LookupError):
        limited(MatchAll())


async def test_without_a_key_only_what_tells_nothing_is_open(api: Api) -> None:
    for way in READERS:
        answer = await api.get(way)
        assert answer.status_code == 401, way
        assert answer.headers["www-authenticate"] == 'Bearer realm="logboom"'
        assert answer.headers["content-type"] == "application/problem+json"
    for path in ("/", "/healthz", "/readyz", "/openapi.json"):
        assert (await api.client.get(path)).status_code == 200, path
    assert (await api.client.get("/readyz")).text == "ready\n"
    known = {"Authorization": f"Bearer {await api.key('read')}"}
    assert "embedded" in (await api.client.get("/readyz", headers=known)).text
    for path in ("/metrics", "/es/", "/es/_search", "/api/v1/nothing"):
        assert (await api.client.get(path)).status_code == 401, path


async def test_a_key_opens_what_it_is_for(api: Api) -> None:
    key = await api.key("read")
    headers = {"Authorization": f"ApiKey {key}"}
    for way in READERS:
        assert (await api.client.get(f"/api/v1/{way}", headers=headers)).status_code == 200, way
    assert (await api.client.get("/metrics", headers=headers)).status_code == 200
    basic = await api.client.get("/api/v1/count", auth=("elastic", key))
    assert basic.json()["count"] == 60
    assert (await api.client.get("/api/v1/count", headers={"X-API-Key": key})).is_success
    for wrong in (key[:-1], key.upper(), f"{key}x", "logboom_", ""):
        bad = await api.client.get("/api/v1/count", headers={"Authorization": f"Bearer {wrong}"})
        assert bad.status_code == 401, wrong
    in_url = await api.client.get(f"/api/v1/count?api_key={key}&key={key}&access_token={key}")
    assert in_url.status_code == 401


async def test_scopes_are_kept_apart(api: Api) -> None:
    keys = {name: await api.key(name) for name in ("read", "ingest", "alerts", "admin")}
    merge = {"fingerprints": ["a", "b"]}
    asked: list[tuple[str, str, Any, set[str]]] = [
        ("GET", "count", None, {"read", "admin"}),
        ("POST", "search", {"q": "order"}, {"read", "admin"}),
        ("GET", "keys", None, {"admin"}),
        ("POST", "keys", {"name": "x", "scopes": ["admin"]}, {"admin"}),
        ("DELETE", "keys/none", None, {"admin"}),
        ("POST", "errors/merge", merge, {"alerts", "admin"}),
        ("GET", "nothing", None, {"admin"}),
    ]
    for method, way, body, allowed in asked:
        for name, key in keys.items():
            headers = {"Authorization": f"Bearer {key}"}
            answer = await api.client.request(method, f"/api/v1/{way}", json=body, headers=headers)
            assert (answer.status_code != 403) == (name in allowed), (method, way, name)
            if answer.status_code == 403:
                assert "needs the scope" in answer.json()["detail"]


async def test_trying_a_rule_shows_events_and_so_needs_to_read(api: Api) -> None:
    for way in ("rules/backtest", "rules/dry-run"):
        statuses = []
        for scopes in (["alerts"], ["read"], ["alerts", "read"], ["admin"]):
            headers = {"Authorization": f"Bearer {await api.key(*scopes)}"}
            answer = await api.client.post(
                f"/api/v1/{way}", json={"rule": "no/such"}, headers=headers
            )
            statuses.append(answer.status_code)
        assert statuses == [403, 403, 404, 404]


async def test_a_rule_says_what_is_shown_of_events_and_so_needs_to_read(api: Api) -> None:
    group = {"rules": [{"alert": "Any", "when": "count > 0", "over": "1h", "by": ["host"]}]}
    limited = await api.key("alerts", "read", services=["shop-*"])
    for key, status in (
        (await api.key("alerts"), 403), (await api.key("read"), 403), (limited, 403),
        (await api.key("alerts", "read"), 200),
    ):  # fmt: skip
        headers = {"Authorization": f"Bearer {key}"}
        answer = await api.client.put("/api/v1/rules/g", json=group, headers=headers)
        assert answer.status_code == status
    alerts_only = {"Authorization": f"Bearer {await api.key('alerts')}"}
    answer = await api.client.delete("/api/v1/rules/g", headers=alerts_only)
    assert answer.status_code == 204


async def test_where_no_keys_are_needed_everybody_may_do_everything(open_api: Api) -> None:
    for way in (*READERS, "keys"):
        assert (await open_api.get(way)).status_code == 200, way
    assert (await open_api.get("session")).json()["needs_keys"] is False
    assert (await open_api.client.get("/metrics")).status_code == 200


async def test_keys_are_made_shown_once_and_revoked_over_http(api: Api) -> None:
    admin = {"Authorization": f"Bearer {await api.key('admin')}"}
    made = await api.client.post(
        "/api/v1/keys", headers=admin,
        json={"name": "ci", "scopes": ["read"], "services": ["shop-*"], "expires_in": "30d"},
    )  # fmt: skip
    assert made.status_code == 201
    secret = made.json()["key"]
    assert made.json()["created_by"] == "key k0"
    assert made.json()["expires"] == "2026-12-21T12:00:30.000Z"
    assert (await api.get("count", secret)).json()["count"] == 40
    listed = await api.client.get("/api/v1/keys", headers=admin)
    assert [key["name"] for key in listed.json()["keys"]] == ["ci", "k0"]
    assert secret not in listed.text
    assert "digest" not in listed.text
    assert listed.headers["cache-control"] == "no-store"
    again = await api.client.post(
        "/api/v1/keys", headers=admin, json={"name": "ci", "scopes": ["read"]}
    )
    assert again.status_code == 409
    assert (await api.client.delete("/api/v1/keys/ci", headers=admin)).status_code == 204
    assert (await api.get("count", secret)).status_code == 401
    assert (await api.client.delete("/api/v1/keys/ci", headers=admin)).status_code == 404


WRONG_KEYS: list[Any] = [
    {}, {"name": "x"}, {"name": "../x", "scopes": ["read"]}, {"name": "x", "scopes": []},
    {"name": "x", "scopes": ["root"]}, {"name": "x", "scopes": ["admin"], "services": ["a"]},
    {"name": "x", "scopes": ["read"], "expires_in": "soon"},
    {"name": "x", "scopes": ["read"], "expires_in": "0s"},
    {"name": "x", "scopes": ["read"], "expires_in": "99999999999999999999y"},
    {"name": "x", "scopes": ["read"], "services": ["a\n"]},
    {"name": "x", "scopes": ["read"], "services": []},
    {"name": "x", "scopes": ["admin"], "services": []},
    {"name": "x", "scopes": ["read"], "services": None},
    {"name": "x", "scopes": ["read"], "digest": "0" * 64},
    {"name": "x", "scopes": ["read"], "requests_per_s": True},
]  # fmt: skip


async def test_what_cannot_be_a_key_is_refused_over_http(open_api: Api) -> None:
    for body in WRONG_KEYS:
        answer = await open_api.client.post("/api/v1/keys", json=body)
        assert answer.status_code == 400, body
    assert await open_api.doors.book.keys() == []


async def test_a_key_may_ask_so_often(tmp_path: Path) -> None:
    limits = {"requests_per_s": 2, "burst": 3, "failures_per_s": 0.5}
    async with opened(tmp_path, auth="keys", limits=limits) as api:
        key, other = await api.key("read"), await api.key("read", requests_per_s=100)
        statuses = [(await api.get("count", key)).status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        assert (await api.get("count", other)).status_code == 200
        refused = await api.get("count", key)
        assert refused.headers["retry-after"] == "1"
        assert "more than 2 times a second" in refused.json()["detail"]
        api.clock.advance(0.5)
        assert (await api.get("count", key)).status_code == 200
        assert (await api.get("count", key)).status_code == 429
        for _ in range(10):
            assert (await api.get("count", "logboom_wrong")).status_code == 401
        assert (await api.get("count", "logboom_wrong")).status_code == 429
        login = await api.client.post("/api/v1/session", json={"key": "logboom_wrong"})
        assert login.status_code == 429
        assert (await api.get("count", other)).status_code == 200


async def test_who_has_a_good_key_comes_in_where_others_try_wrong_ones(api: Api) -> None:
    key = await api.key("read")

    async def tried(text: str) -> list[int]:
        api.client.cookies.clear()
        form = await api.client.post("/api/v1/session/form", data={"key": text})
        begun = await api.client.post("/api/v1/session", json={"key": text})
        api.client.cookies.clear()
        return [form.status_code, begun.status_code, (await api.get("count", text)).status_code]

    for _ in range(20):
        assert await tried(key) == [303, 200, 200]
    assert [await tried("logboom_wrong") for _ in range(3)] == [[401] * 3] * 3
    assert await tried("logboom_wrong") == [401, 429, 429]
    for _ in range(5):
        assert await tried("logboom_wrong") == [429] * 3
        assert await tried(key) == [303, 200, 200]
    ended = {"Cookie": "logboom_session=ended"}
    begun = await api.client.post("/api/v1/session", json={"key": key}, headers=ended)
    assert begun.status_code == 200
    api.client.cookies.clear()
    refused = await api.client.post("/api/v1/session", json={"key": "logboom_wrong"})
    assert refused.headers["retry-after"] == "1"
    assert "too many wrong keys" in refused.json()["detail"]
    assert [one["http.response.status_code"] for one in api.audited()].count(429) == 0


async def test_many_addresses_of_one_subnet_are_one(api: Api) -> None:
    statuses = []
    for number in range(15):
        transport = httpx.ASGITransport(api.guard, client=(f"2001:db8:1:2::{number:x}", 1))
        async with httpx.AsyncClient(transport=transport, base_url=str(api.client.base_url)) as one:
            answer = await one.get("/api/v1/count", headers={"X-API-Key": "wrong"})
            statuses.append(answer.status_code)
    assert statuses == [401] * 10 + [429] * 5


@pytest.mark.parametrize(
    ("address", "subnet"),
    [
        ("192.0.2.1", "192.0.2.1"), ("::ffff:192.0.2.1", "192.0.2.1"), ("", ""), ("testclient", "testclient"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"), ("fe80::1%eth0", "fe80::/64"), ("::1", "::/64"),
        ("a:b", "a:b"), ("unix:/run/a", "unix:/run/a"),
    ],
)  # fmt: skip
def test_what_an_address_is_counted_under(address: str, subnet: str) -> None:
    assert subnet_of(address) == subnet


async def test_errors_are_counted_in_turn_as_all_that_is_searched_for(tmp_path: Path) -> None:
    async with opened(tmp_path, auth="keys", searches={"concurrent": 1}) as api:
        key = await api.key("read")
        for way in ("errors?from=now-1d", "errors/broken-bank", "search"):
            assert (await api.get(way, key)).status_code == 200, way
            answers = await asyncio.gather(*(api.get(way, key) for _ in range(5)))
            statuses = sorted(answer.status_code for answer in answers)
            assert (statuses[0], statuses[-1]) == (200, 429), way


async def test_what_is_too_large_is_refused(tmp_path: Path) -> None:
    limits = {"max_body_bytes": "2KiB", "max_url_bytes": "1KiB"}
    async with opened(tmp_path, limits=limits) as api:
        long = "x" * 3000
        answer = await api.client.post("/api/v1/search", json={"q": long})
        assert answer.status_code == 413

        async def pieces() -> Any:
            for _ in range(3):
                yield b" " * 1000

        answer = await api.client.post("/api/v1/search", content=pieces())
        assert answer.status_code == 413
        answer = await api.client.get("/api/v1/search", params={"q": long})
        assert answer.status_code == 414
        answer = await api.client.post("/api/v1/search", json={"q": "order"})
        assert answer.json()["total"]["value"] == 60


@pytest.mark.parametrize("path", ["/api/v1/search", "/es/_search"])
async def test_questions_may_be_compressed(tmp_path: Path, path: str) -> None:
    question = b'{"q": "order"}' if path.startswith("/api") else b'{"size": 3}'

    async def asked(api: Api, content: bytes, encoding: str) -> httpx.Response:
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        return await api.client.post(path, content=content, headers=headers)

    async with opened(tmp_path, limits={"max_body_bytes": "2KiB"}) as api:
        plain = await asked(api, question, "identity")
        half = len(question) // 2
        for sent in (
            gzip.compress(question),
            gzip.compress(question[:half]) + gzip.compress(question[half:]),
        ):
            answer = await asked(api, sent, "GZIP")
            assert answer.status_code == 200
            assert answer.json().keys() == plain.json().keys()
        for content, encoding, status in (
            (gzip.compress(b" " * 2**20), "gzip", 413), (question, "gzip", 400), (gzip.compress(question)[:-1], "gzip", 400),
            (question, "br", 415), (gzip.compress(question), "gzip, gzip", 415),
        ):  # fmt: skip
            answer = await asked(api, content, encoding)
            assert answer.status_code == status, answer.text
        assert answer.headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("HEAD", "/api/v1/search", "GET, POST"), ("TRACE", "/api/v1/count", "GET"), ("PUT", "/healthz", "GET, HEAD"),
        ("PATCH", "/api/v1/searches/x", "GET, PUT, DELETE"), ("DELETE", "/api/v1/silences", "GET, POST"),
    ],
)  # fmt: skip
async def test_a_method_that_is_not_there_is_told_which_are(
    tmp_path: Path, method: str, path: str, allowed: str
) -> None:
    async with opened(tmp_path) as api:
        answer = await api.client.request(method, path)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed)


async def test_what_watches_may_ask_for_headers_alone(api: Api) -> None:
    for path in ("/", "/healthz", "/readyz"):
        assert (await api.client.head(path)).status_code == 200


FOREIGN = {"Origin": "https://evil.example"}


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1:7700", True), ("localhost", True), ("LOCALHOST.:1", True),
        ("[::1]:7700", True), ("127.8.8.8", True), ("logs.example", True),
        ("Logs.Example:443", True), ("evil.example", False),
        ("127.0.0.1.evil.example", False), ("", False), ("[", False), ("10.0.0.1", False),
    ],
)  # fmt: skip
def test_a_name_that_is_not_ours_leads_nowhere(host: str, is_ours: bool) -> None:
    assert Origins(ApiSection(hosts=["logs.example"])).is_ours(host) is is_ours


async def test_pages_of_other_sites_change_nothing(open_api: Api) -> None:
    key = {"name": "stolen", "scopes": ["admin"]}
    host = "127.0.0.1:7700"
    refused: list[dict[str, str]] = [
        {"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": f"http://{host}1"},
        {"Origin": "http://["},
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": f"http://{host}"},
    ]  # fmt: skip
    for headers in refused:
        answer = await open_api.client.post("/api/v1/keys", json=key, headers=headers)
        assert answer.status_code == 403, headers
    assert await open_api.doors.book.keys() == []
    rebound = await open_api.client.get("/api/v1/search", headers={"Host": "evil.example"})
    assert rebound.status_code == 421
    allowed: list[dict[str, str]] = [
        {"Origin": f"http://{host}"}, {"Sec-Fetch-Site": "same-origin"}, {},
    ]  # fmt: skip
    for number, headers in enumerate(allowed):
        answer = await open_api.client.post(
            "/api/v1/keys", json={**key, "name": f"own{number}"}, headers=headers
        )
        assert answer.status_code == 201, headers


async def test_answers_tell_browsers_what_they_may_not_do(open_api: Api) -> None:
    for path in ("/", "/api/v1/count", "/api/v1/nothing", "/api/v1/count?q=(", "/healthz"):
        headers = (await open_api.client.get(path, headers=FOREIGN)).headers
        assert headers["content-security-policy"] == CONTENT_SECURITY_POLICY
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
        assert "server" not in headers
        assert "strict-transport-security" not in headers
        if path.startswith("/api/"):
            assert headers["cache-control"] == "no-store"
    preflight = await open_api.client.options(
        "/api/v1/search", headers={**FOREIGN, "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 405
    assert "access-control-allow-origin" not in preflight.headers


async def test_browsers_are_to_come_with_tls_alone_where_we_speak_it(tmp_path: Path) -> None:
    files = {"cert_file": tmp_path / "cert.pem", "key_file": tmp_path / "key.pem"}
    for file in files.values():
        file.write_text("made elsewhere")
    async with opened(tmp_path, tls=files) as api:
        for path in ("/", "/api/v1/count", "/api/v1/nothing", "/healthz"):
            told = (await api.client.get(path)).headers["strict-transport-security"]
            assert told == "max-age=2592000", path


def test_channels_that_tell_of_all_services_are_for_those_who_see_all() -> None:
    channels = dict.fromkeys(("server-metrics", "system-status", "analysis", "alerts", "new"), 0)
    few = frozenset({"shop"})

    def allowed(**grants: frozenset[str] | None) -> set[str]:
        access = Access("key x", {Scope(name): of for name, of in grants.items()}, "x")
        return set(channels_for(access, channels)) - {"server-metrics", "system-status"}

    assert allowed(read=None) == {"analysis"}
    assert allowed(read=few) == set()
    assert allowed(read=None, alerts=None) == {"analysis", "alerts"}
    assert allowed(read=None, alerts=few) == {"analysis"}
    assert allowed(admin=None) == {"analysis", "alerts", "new"}
    assert set(channels_for(None, channels)) == set(channels)

    def status(**grants: frozenset[str] | None) -> dict[str, str]:
        access = Access("key x", {Scope(name): of for name, of in grants.items()}, "x")
        return dict(channels_for(access, {"system-status": "some", "system-status-in-full": "all"}))

    assert status(read=few) == status(alerts=None) == status(read=few, alerts=None)
    assert status(read=few) == {"system-status": "some"}
    assert status(read=None) == status(admin=None) == {"system-status": "all"}
