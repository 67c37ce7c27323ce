"""API keys: made, kept as digests, recognised, revoked."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from logboom.clock import ManualClock
from logboom.errors import KeyRefused, StateUnavailable
from logboom.keys import KeyBook, KnownKeys, Scope, digest_of, new_token, offered
from logboom.keys.known import FRESH_S, PATIENCE_S
from logboom.state import Record
from logboom.state.local import LocalState

READ = frozenset({Scope.READ})


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 21, tzinfo=UTC))


@pytest.fixture
async def state(tmp_path: Path, clock: ManualClock) -> AsyncIterator[LocalState]:
    opened = LocalState(tmp_path / "state", clock)
    yield opened
    await opened.close()


async def test_a_key_is_known_by_its_secret_which_is_kept_nowhere(
    state: LocalState, clock: ManualClock, tmp_path: Path
) -> None:
    book, known = KeyBook(state, clock), KnownKeys(state, clock)
    key, token = await book.create("grafana", READ, ["shop-*"], by="root")
    found = await known.find(token)
    assert found == key
    assert await known.find(token[:-1]) is None
    assert await known.find(key.digest) is None
    await state.close()
    content = b"".join(path.read_bytes() for path in (tmp_path / "state").iterdir())
    assert key.digest.encode() in content
    assert token.encode() not in content
    assert token.removeprefix("logboom_").encode() not in content


def test_secrets_are_long_random_and_recognisable() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"logboom_[\w-]{43}", token) for token in tokens)
    assert digest_of("logboom_x") == digest_of("logboom_x") != digest_of("logboom_y")


async def test_a_revoked_key_is_worth_nothing_in_other_processes_within_seconds(
    state: LocalState, clock: ManualClock
) -> None:
    book, known = KeyBook(state, clock), KnownKeys(state, clock)
    _, token = await book.create("old", READ, by="root")
    assert await known.find(token) is not None
    assert await book.revoke("old") is True
    assert await book.revoke("old") is False
    clock.advance(FRESH_S)
    assert await known.find(token) is None
    _, again = await book.create("old", READ, by="root")
    known.forget()
    assert await known.find(token) is None
    assert await known.find(again) is not None


async def test_a_key_expires(state: LocalState, clock: ManualClock) -> None:
    book, known = KeyBook(state, clock), KnownKeys(state, clock)
    _, token = await book.create("guest", READ, by="root", lives_ns=3600 * 10**9)
    clock.advance(3599)
    assert await known.find(token) is not None
    clock.advance(1)
    assert await known.find(token) is None
    assert [key.name for key in await book.keys()] == ["guest"]


async def test_a_use_is_noted_seldom_and_never_brings_a_key_back(
    state: LocalState, clock: ManualClock
) -> None:
    book, known = KeyBook(state, clock), KnownKeys(state, clock)
    key, token = await book.create("ci", READ, by="root")
    assert [one.used_ns for one in await book.listed()] == [None]
    first_ns = clock.now_ns()
    await known.note_use(key)
    clock.advance(599)
    await known.note_use(key)
    assert [one.used_ns for one in await book.listed()] == [first_ns]
    clock.advance(1)
    await known.note_use(key)
    assert [one.used_ns for one in await book.listed()] == [clock.now_ns()]
    await book.revoke("ci")
    clock.advance(600)
    await known.note_use(key)
    assert await book.listed() == []
    assert await known.find(token) is None
    await book.create("ci", READ, by="root")
    assert [one.used_ns for one in await book.listed()] == [None]


@pytest.mark.parametrize(
    ("name", "scopes", "services", "lives_ns", "why"),
    [
        ("", READ, None, None, "no name of a key"),
        ("a/b", READ, None, None, "no name of a key"),
        ("a\nb", READ, None, None, "no name of a key"),
        ("a" * 65, READ, None, None, "no name of a key"),
        ("a", frozenset(), None, None, "needs a scope"),
        ("a", frozenset({Scope.ADMIN}), ["shop"], None, "cannot be limited"),
        ("a", READ, [""], None, "no name of a service"),
        ("a", READ, ["a\nb"], None, "no name of a service"),
        ("a", READ, ["s"] * 201, None, "more than 200"),
        ("a", READ, [], None, "empty list of services"),
        ("a", READ, None, 0, "cannot expire"),
    ],
)
async def test_what_cannot_be_a_key_is_refused(
    state: LocalState, clock: ManualClock, name: str, scopes: frozenset[Scope],
    services: list[str] | None, lives_ns: int | None, why: str,
) -> None:  # fmt: skip
    with pytest.raises(KeyRefused, match=why):
        await KeyBook(state, clock).create(name, scopes, services, by="root", lives_ns=lives_ns)


async def test_two_keys_cannot_have_one_name(state: LocalState, clock: ManualClock) -> None:
    book = KeyBook(state, clock)
    await book.create("a", READ, by="root")
    with pytest.raises(KeyRefused, match="a key named a already"):
        await book.create("a", READ, by="root")


async def test_keys_stay_known_for_a_while_when_the_state_does_not_answer(
    state: LocalState, clock: ManualClock
) -> None:
    _, token = await KeyBook(state, clock).create("a", READ, by="root")
    known = KnownKeys(state, clock)
    assert await known.find(token) is not None
    await state.close()
    clock.advance(PATIENCE_S)
    assert await known.find(token) is not None
    clock.advance(FRESH_S)
    for _ in range(2):
        with pytest.raises(StateUnavailable):
            await known.find(token)


class _Away(LocalState):
    """A state whose silence takes time."""

    def __init__(self, path: Path, clock: ManualClock) -> None:
        super().__init__(path, clock)
        self.clock = clock
        self.asked = 0

    async def list(self, *_args: object, **_options: object) -> Sequence[Record]:
        self.asked += 1
        await asyncio.sleep(0)
        self.clock.advance(10)
        raise StateUnavailable("does not answer")


async def test_while_the_state_is_silent_one_request_waits_for_all(
    clock: ManualClock, tmp_path: Path
) -> None:
    away = _Away(tmp_path / "away", clock)
    known = KnownKeys(away, clock)
    found = await asyncio.gather(*(known.find("x") for _ in range(20)), return_exceptions=True)
    assert [type(one) for one in found] == [StateUnavailable] * 20
    assert away.asked == 1
    clock.advance(FRESH_S)
    with pytest.raises(StateUnavailable):
        await known.find("x")
    known.forget()
    with pytest.raises(StateUnavailable):
        await known.find("x")
    assert away.asked == 3
    await away.close()


PAIR = base64.b64encode(b"id:secret").decode()


@pytest.mark.parametrize(
    ("headers", "keys"),
    [
        ({}, []),
        ({"authorization": "Bearer secret"}, ["secret"]),
        ({"authorization": "bearer   secret "}, ["secret"]),
        ({"authorization": "ApiKey secret"}, ["secret"]),
        ({"authorization": f"ApiKey {PAIR}"}, [PAIR, "id:secret", "secret"]),
        ({"authorization": f"Basic {PAIR}"}, ["id:secret", "secret"]),
        ({"authorization": "Basic ü"}, []),
        ({"authorization": "Digest secret"}, []),
        ({"authorization": "secret"}, []),
        ({"authorization": "Bearer " + "a" * 10_000}, []),
        ({"x-api-key": "secret", "authorization": "Bearer other"}, ["secret", "other"]),
    ],
)
def test_where_a_key_may_stand(headers: Mapping[str, str], keys: list[str]) -> None:
    assert list(offered(headers)) == keys
