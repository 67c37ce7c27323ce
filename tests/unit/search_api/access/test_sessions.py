"""The page's sessions: a cookie that scripts cannot read, worth no more than the key it was made of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from logboom.errors import StateUnavailable
from logboom.keys import digest_of
from logboom.keys.known import FRESH_S
from logboom.state import Record
from logboom.state.local import LocalState
from search_api.access import watching
from search_api.access.authenticating import COOKIE, session_of
from search_api.access.sessions import LIFE_S, MOST_OF_ONE
from tests.polling import soon
from tests.unit.search_api.access.conftest import Api, opened


async def test_a_session_is_made_of_a_key_and_ends_with_it(api: Api) -> None:
    key = await api.key("read", services=["shop-*"])
    assert (await api.get("session")).status_code == 401
    begun = await api.client.post("/api/v1/session", json={"key": key})
    assert begun.status_code == 200
    assert begun.json() == {
        "name": "key k0", "needs_keys": True, "scopes": ["read"], "services": ["shop-*"],
    }  # fmt: skip
    cookie = SimpleCookie(begun.headers["set-cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/")
    assert int(cookie["max-age"]) == LIFE_S
    assert key not in begun.headers["set-cookie"]
    assert (await api.get("count")).json()["count"] == 40
    assert (await api.get("session")).json()["name"] == "key k0"
    foreign = await api.client.post(
        "/api/v1/search", json={}, headers={"Origin": "https://evil.example"}
    )
    assert foreign.status_code == 403
    await api.doors.book.revoke("k0")
    api.clock.advance(FRESH_S)
    assert (await api.get("count")).status_code == 401
    assert (await api.client.get("/healthz")).status_code == 200


async def test_a_session_ends_when_it_is_said_or_old(api: Api, tmp_path: Path) -> None:
    key = await api.key("read")
    await api.client.post("/api/v1/session", json={"key": key})
    secret = api.client.cookies[COOKIE]
    assert (await api.get("count")).status_code == 200
    ended = await api.client.delete("/api/v1/session")
    assert ended.status_code == 204
    assert COOKIE not in api.client.cookies
    api.client.cookies.set(COOKIE, secret)
    assert (await api.get("count")).status_code == 401
    api.client.cookies.clear()
    await api.client.post("/api/v1/session", json={"key": key})
    api.clock.advance(LIFE_S - 1)
    assert (await api.get("count")).status_code == 200
    api.clock.advance(1)
    assert (await api.get("count")).status_code == 401
    kept = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir())
    assert secret.encode() not in kept
    assert digest_of(api.client.cookies[COOKIE]).encode() in kept


async def test_a_wrong_key_begins_no_session(api: Api) -> None:
    for key in ("logboom_wrong", "x", "eyJ.a.b"):
        answer = await api.client.post("/api/v1/session", json={"key": key})
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
    for cookies in ("logboom_session=", "logboom_session=x", 'a="; logboom_session=x; b'):
        answer = await api.client.get("/api/v1/count", headers={"Cookie": cookies})
        assert answer.status_code == 401, cookies


async def test_over_tls_the_cookie_is_for_tls_alone(api: Api) -> None:
    key = await api.key("read")
    answer = await api.client.post("https://127.0.0.1/api/v1/session", json={"key": key})
    assert SimpleCookie(answer.headers["set-cookie"])[COOKIE]["secure"] is True


def test_other_cookies_do_no_harm() -> None:
    assert session_of({"cookie": 'bad="x; logboom_session=abc; c=d'}) == "abc"
    assert session_of({"cookie": "xlogboom_session=abc"}) is None
    assert session_of({}) is None


async def _followed(api: Api, header: tuple[bytes, bytes], path: str, messages: list[Any]) -> None:
    scope = {
        "type": "http", "method": "GET", "path": path, "query_string": b"", "scheme": "http",
        "headers": [(b"host", b"localhost"), header],
        "client": ("127.0.0.1", 1), "http_version": "1.1", "server": ("127.0.0.1", 7700),
        "root_path": "",
    }  # fmt: skip

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        messages.append(message)

    await api.guard(scope, receive, send)


async def test_one_key_has_so_many_sessions_and_the_oldest_goes(api: Api) -> None:
    key, other = await api.key("read"), await api.key("read")
    secrets = []
    for number in range(MOST_OF_ONE + 2):
        begun = await api.client.post("/api/v1/session", json={"key": key if number else other})
        secrets.append(begun.cookies[COOKIE])
        api.clock.advance(1)
    statuses = []
    for secret in secrets:
        api.client.cookies.clear()
        api.client.cookies.set(COOKIE, secret)
        statuses.append((await api.get("count")).status_code)
    assert statuses == [200, 401, *[200] * MOST_OF_ONE]


async def test_sessions_are_not_guessed_at_the_cost_of_the_state(tmp_path: Path) -> None:
    limits = {"failures_per_s": 0.5}
    async with opened(tmp_path, auth="keys", limits=limits) as api:
        key = await api.key("read")
        begun = await api.client.post("/api/v1/session", json={"key": key})
        real = begun.cookies[COOKIE]
        assert (await api.get("count")).status_code == 200
        sessions = api.doors.sessions
        statuses = []
        for number in range(15):
            api.client.cookies.clear()
            api.client.cookies.set(COOKIE, f"guess{number}")
            statuses.append((await api.get("count")).status_code)
        assert statuses == [401] * 10 + [429] * 5
        assert len(sessions._found) == 1 + 10
        api.client.cookies.clear()
        api.client.cookies.set(COOKIE, real)
        api.clock.advance(FRESH_S / 4)
        assert (await api.get("count")).status_code == 200


class _Counted:
    """A state that counts how often sessions are asked for and ended."""

    def __init__(self, state: LocalState) -> None:
        self._state = state
        self.address = state.address
        self.gets = self.lists = self.deletes = 0
        self.is_away = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._state, name)

    async def get(self, kind: str, key: str) -> Record | None:
        self.gets += 1
        return await self._state.get(kind, key)

    async def delete(self, kind: str, key: str, **more: Any) -> bool:
        self.deletes += 1
        return await self._state.delete(kind, key, **more)

    async def list(self, kind: str, **more: Any) -> Sequence[Record]:
        self.lists += 1
        if self.is_away:
            raise StateUnavailable("is away", where=self.address)
        return await self._state.list(kind, **more)


def _counted(api: Api) -> _Counted:
    state = _Counted(api.memory)
    api.doors.sessions._state = state
    return state


async def _with(api: Api, secret: str, path: str = "/api/v1/count") -> int:
    api.client.cookies.clear()
    return (await api.client.get(path, headers={"Cookie": f"{COOKIE}={secret}"})).status_code


async def test_a_session_of_elsewhere_is_let_in_while_others_guess(api: Api) -> None:
    key = await api.key("read")
    begun = await api.client.post("/api/v1/session", json={"key": key})
    real = begun.cookies[COOKIE]
    state = _counted(api)
    assert {await _with(api, f"guess{number}") for number in range(15)} == {401, 429}
    gets = state.gets
    api.doors.sessions._found.clear()  # as in a process that has not seen it yet
    statuses = [await _with(api, real)]
    statuses += [await _with(api, f"other{number}") for number in range(30)]
    statuses += [await _with(api, real)]
    assert statuses == [200, *[429] * 30, 200]
    assert (state.gets - gets, state.lists) == (0, 1)
    headers = {"Cookie": f"{COOKIE}={real}"}
    assert (await api.client.delete("/api/v1/session", headers=headers)).status_code == 204
    assert await _with(api, real) == 429
    begun = await api.client.post("/api/v1/session", json={"key": key})
    assert await _with(api, begun.cookies[COOKIE]) == 200


async def test_while_the_state_is_away_it_is_not_said_that_a_session_is_wrong(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, auth="keys", limits={"failures_per_s": 0.1}) as api:
        begun = await api.client.post("/api/v1/session", json={"key": await api.key("read")})
        real = begun.cookies[COOKIE]
        for number in range(15):
            await _with(api, f"guess{number}")
        state = _counted(api)
        state.is_away = True
        api.clock.advance(FRESH_S)
        assert [await _with(api, real) for _ in range(3)] == [503] * 3
        assert state.lists == 1
        state.is_away = False
        api.clock.advance(FRESH_S)
        assert await _with(api, real) == 200


async def test_strangers_end_sessions_no_more_often_than_they_may_guess(api: Api) -> None:
    key = await api.key("read")
    begun = await api.client.post("/api/v1/session", json={"key": key})
    state = _counted(api)
    statuses = set()
    for number in range(30):
        headers = {"Cookie": f"{COOKIE}=guess{number}"}
        statuses.add((await api.client.delete("/api/v1/session", headers=headers)).status_code)
    assert statuses == {204, 429}
    assert state.deletes <= 10
    headers = {"Cookie": f"{COOKIE}={begun.cookies[COOKIE]}"}
    assert (await api.client.delete("/api/v1/session", headers=headers)).status_code == 204
    assert await _with(api, begun.cookies[COOKIE]) == 429


async def test_logins_count_as_requests_of_the_key(tmp_path: Path) -> None:
    limits = {"requests_per_s": 1, "burst": 3}
    async with opened(tmp_path, auth="keys", limits=limits) as api:
        key = await api.key("read")
        statuses = []
        for _ in range(5):
            api.client.cookies.clear()
            begun = await api.client.post("/api/v1/session", json={"key": key})
            statuses.append(begun.status_code)
        assert statuses == [200, 200, 200, 429, 429]
        assert "asks more than 1 times a second" in begun.json()["detail"]
        form = await api.client.post("/api/v1/session/form", data={"key": key})
        assert form.status_code == 429
        assert (await api.get("session", key)).status_code == 429
        assert (await api.get("session")).status_code == 401


async def test_what_is_open_to_all_costs_the_state_nothing(api: Api) -> None:
    state = _counted(api)
    for number in range(30):
        for path in ("/healthz", "/", "/openapi.json", "/assets/none.js", "/favicon.ico"):
            assert await _with(api, f"guess{number}", path) in {200, 404}
    assert (state.gets, state.lists) == (0, 0)
    for number in range(30):
        assert await _with(api, f"guess{number}", "/readyz") == 200
    assert state.gets == 10


async def test_a_tail_ends_soon_after_its_session(api: Api, monkeypatch: Any) -> None:
    monkeypatch.setattr(watching, "LOOK_S", 0.02)
    begun = await api.client.post("/api/v1/session", json={"key": await api.key("read")})
    cookie = f"{COOKIE}={begun.cookies[COOKIE]}".encode()
    for ends_by_itself in (False, True):
        if ends_by_itself:
            begun = await api.client.post("/api/v1/session", json={"key": await api.key("read")})
            cookie = f"{COOKIE}={begun.cookies[COOKIE]}".encode()
        messages: list[Any] = []
        following = _followed(api, (b"cookie", cookie), "/api/v1/tail", messages)
        task = asyncio.create_task(following, name="following")

        async def has_begun(messages: list[Any] = messages) -> bool:
            return len(messages) > 1

        await soon(has_begun, timeout_s=20, what="the tail begins")
        if ends_by_itself:
            api.clock.advance(LIFE_S)
        else:
            assert (await api.client.delete("/api/v1/session")).status_code == 204
            api.clock.advance(FRESH_S)
        await asyncio.wait_for(task, 20)
        assert messages[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


async def test_a_tail_ends_soon_after_its_key_was_revoked(api: Api, monkeypatch: Any) -> None:
    monkeypatch.setattr(watching, "LOOK_S", 0.02)
    messages: list[Any] = []
    header = b"authorization", f"Bearer {await api.key('read')}".encode()
    task = asyncio.create_task(_followed(api, header, "/api/v1/tail", messages), name="following")

    async def has_begun() -> bool:
        return len(messages) > 1

    await soon(has_begun, timeout_s=20, what="the tail begins")
    await api.doors.book.revoke("k0")
    api.clock.advance(FRESH_S)
    await asyncio.wait_for(task, 20)
    assert messages[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    phases = [(line["event.action"], line["http.response.status_code"]) for line in api.audited()]
    assert phases == [("begin", 200), ("end", 200)]
