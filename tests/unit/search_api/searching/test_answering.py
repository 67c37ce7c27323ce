"""Answers are kept while they are right, searches are bounded, and slow ones are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, date, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from logboom.clock import ManualClock
from logboom.config.searching import SearchesSection
from logboom.errors import QueryError, StoreUnavailable, TooBusy
from logboom.event import epoch_us, event_id
from logboom.query.lucene import parse_query
from logboom.query.model import And, MatchAll, Not, Phrase, Query, Term, Wildcard
from logboom.store import Document, TimeRange
from logboom.telemetry import ApiMetrics
from search_api.error_groups.grouping import ErrorGroups
from search_api.http.turns import ASKING
from search_api.searching.answering import Answer, Answering, Question
from search_api.searching.caching import AnswerCache, digest_of
from search_api.searching.versions import Version
from tests.api_world import NOW, World, served
from tests.polling import soon
from tests.unit.search_api.searching.answerings import answering

RUN = "0123456789abc"
YESTERDAY = {"from_": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z"}


def document(number: int, *, day: int = 20, level: str = "info") -> Document:
    event = {
        "@timestamp": f"2026-11-{day:02d}T11:{number % 60:02d}:00.000Z",
        "message": f"order {number}",
        "log": {"level": level, "source": RUN, "offset": number},
        "service": {"name": f"shop-{number % 2}"},
        "event": {"id": event_id(RUN, number), "created": "2026-11-21T11:59:00.000Z"},
    }
    return Document.of(event_id(RUN, number), date(2026, 11, day), event)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with served(tmp_path) as one:
        await one.write([document(number) for number in range(20)])
        yield one


async def hits(world: World) -> tuple[float, float]:
    """How many answers were kept, and how many were not."""
    text = (await world.api.get("/metrics")).text
    found = {"yes": 0.0, "no": 0.0}
    for line in text.splitlines():
        for name in found:
            if line.startswith(f'logboom_api_cache_requests_total{{found="{name}"}}'):
                found[name] = float(line.split()[-1])
    return found["yes"], found["no"]


@pytest.mark.parametrize(
    ("route", "more"),
    [
        ("search", {"limit": "5"}),
        ("count", {}),
        ("histogram", {"interval": "1h", "by": "level"}),
        ("facets", {"field": "service"}),
        ("fields", {"prefix": "ser"}),
    ],
)
async def test_an_answer_is_kept_until_a_late_event_comes(
    world: World, route: str, more: dict[str, str]
) -> None:
    async def answered() -> dict[str, object]:
        found = await world.ask(route, **YESTERDAY, **more)
        return {name: value for name, value in found.items() if name not in {"took_ms", "cursor"}}

    first = await answered()
    assert await answered() == first
    assert await hits(world) == (1, 1)
    await world.write([document(100, day=21)])  # another day
    assert await answered() == first
    assert await hits(world) == (2, 1)
    await world.write([document(50, level="error")])  # a late one
    assert await answered() != first
    assert await hits(world) == (2, 2)


async def test_an_answer_is_forgotten_when_its_day_came_again_with_as_many_events(
    world: World,
) -> None:
    asked = {**YESTERDAY, "q": "level:info"}
    assert (await world.ask("count", **asked))["count"] == 20
    assert await world.store.drop_day(date(2026, 11, 20))
    await world.write([document(number, level="warn") for number in range(20)])
    world.clock.advance(2.1)
    assert (await world.ask("count", **asked))["count"] == 0
    assert await hits(world) == (0, 2)


async def test_which_days_there_are_is_asked_once_by_many(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    editions = world.store.editions

    async def counted() -> Mapping[str, str]:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return await editions()

    monkeypatch.setattr(world.store, "editions", counted)
    world.clock.advance(2.1)
    await asyncio.gather(*(world.ask("count", **YESTERDAY, q=f"n{n}") for n in range(5)))
    assert asked == 1


async def test_different_questions_have_different_answers(world: World) -> None:
    found = [
        await world.ask("count", **YESTERDAY, q=q) for q in ("service:shop-0", "order", "nothing")
    ]
    assert [one["count"] for one in found] == [10, 20, 0]
    pages = [
        await world.ask("search", **YESTERDAY, **more)
        for more in ({"sort": "asc"}, {"sort": "desc"}, {"fields": "level"}, {"limit": "1"})
    ]
    assert len({str(page["events"]) for page in pages}) == 4
    assert await hits(world) == (0, 7)


async def test_an_answer_about_the_present_is_not_kept(world: World) -> None:
    for times in ({}, {"from_": "now-2d"}, {"from_": "2026-11-20", "to": "2026-11-21T12:00:00Z"}):
        await world.ask("count", **times)
    assert await hits(world) == (0, 0)


async def test_an_answer_is_forgotten_after_its_time(world: World) -> None:
    await world.ask("count", **YESTERDAY)
    world.clock.advance(601)
    await world.ask("count", **YESTERDAY)
    assert await hits(world) == (0, 2)


def cache(most_bytes: int) -> AnswerCache:
    return AnswerCache(most_bytes, 600, ManualClock(NOW), ApiMetrics(CollectorRegistry()))


def test_the_cache_is_bounded_in_bytes() -> None:
    kept, one = cache(16_000), Version(1, {})
    keys = [digest_of(number) for number in range(20)]
    for key in keys:
        kept.keep(key, one, b"x" * 1000)
        assert kept.find(keys[0], one) is not None  # asked for again and again: it stays
    found = [number for number, key in enumerate(keys) if kept.find(key, one) is not None]
    assert found == [0, *range(11, 20)]
    large = digest_of("large")
    kept.keep(large, one, b"x" * 3000)
    assert kept.find(large, one) is None
    assert kept.find(keys[0], Version(2, {})) is None  # of another version
    assert kept.find(keys[0], one) is None  # and gone


async def test_of_a_long_question_only_a_digest_is_kept(world: World) -> None:
    text = "order " * 20_000
    question = Question("count", text, Phrase("message", text), TimeRange(0, 1), ("form",))
    bounded = answering(SearchesSection(), world.store)

    async def ask() -> Answer:
        return Answer({"count": 1})

    await bounded.respond(question, ask)
    (key,) = bounded._cache._kept
    assert len(key) == 32
    assert key == digest_of("count", text, question.query, question.times, question.form)
    assert key != digest_of("count", text, question.query, question.times, "form")


async def test_too_many_searches_at_once_are_refused() -> None:
    bounded = answering(SearchesSection(concurrent=2, cache=0))
    question = Question("count", "", MatchAll(), TimeRange())
    go_on = asyncio.Event()

    async def slowly() -> Answer:
        await go_on.wait()
        return Answer({"count": 1})

    running = [asyncio.create_task(bounded.respond(question, slowly)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(TooBusy, match="2 searches are under way"):
        await bounded.respond(question, slowly)
    go_on.set()
    assert [bytes(one.body) for one in await asyncio.gather(*running)] == [b'{"count":1}'] * 2
    assert bytes((await bounded.respond(question, slowly)).body) == b'{"count":1}'


async def test_what_takes_too_long_is_given_up_and_keeps_its_room_until_it_ends(
    world: World,
) -> None:
    section = SearchesSection(concurrent=1, cache=0, timeout=timedelta(seconds=0.1))
    impatient = answering(section, world.store, grace_s=0)
    question = Question("count", "", MatchAll(), TimeRange())
    go_on = asyncio.Event()

    async def slowly() -> Answer:
        await go_on.wait()
        return Answer({"count": 1})

    with pytest.raises(StoreUnavailable, match=r"within 0\.1 s"):
        await impatient.respond(question, slowly)
    with pytest.raises(TooBusy):
        await impatient.respond(question, slowly)
    go_on.set()

    async def is_free() -> bool:
        try:
            return bool((await impatient.respond(question, slowly)).body)
        except TooBusy:
            return False

    await soon(is_free, timeout_s=10, what="there is room again")


@pytest.mark.parametrize("is_away", [False, True])
async def test_of_a_merge_that_takes_too_long_it_is_told_that_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_away: bool
) -> None:
    async def slowly(*_given: object) -> None:
        await asyncio.Event().wait()

    async def reach() -> None:
        if is_away:
            raise StoreUnavailable("gone")

    monkeypatch.setattr(ErrorGroups, "merge", slowly)
    monkeypatch.setattr("search_api.searching.answering.Answering.__init__.__defaults__", (0.0,))
    async with served(tmp_path, api={"searches": {"timeout": "100ms"}}) as world:
        monkeypatch.setattr(world.store, "reach", reach)
        answer = await world.api.post("/api/v1/errors/merge", json={"fingerprints": ["a", "b"]})
    assert answer.status_code == 503
    assert "the merge goes on, and may take effect yet" in answer.json()["detail"]


async def test_too_busy_is_answered_with_when_to_come_again(tmp_path: Path) -> None:
    async with served(tmp_path, api={"searches": {"concurrent": 1, "cache": 0}}) as world:
        answers = await asyncio.gather(*(world.api.get("/api/v1/count") for _ in range(5)))
    codes = [one.status_code for one in answers]
    assert codes.count(200) >= 1
    assert set(codes) == {200, 429}
    refused = next(one for one in answers if one.status_code == 429)
    assert refused.headers["retry-after"] == "2"
    assert "api.searches.concurrent" in refused.json()["detail"]


async def test_a_failure_gives_its_room_back() -> None:
    bounded = answering(SearchesSection(concurrent=1, cache=0))
    question = Question("count", "", MatchAll(), TimeRange())

    async def failing() -> Answer:
        raise StoreUnavailable("down", where="here")

    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="down"):
            await bounded.respond(question, failing)


async def test_answers_are_kept_for_those_with_the_same_limits(world: World) -> None:
    times = TimeRange(0, 1)
    metrics = ApiMetrics(CollectorRegistry())
    mine: list[Query] = [Term("service.name", "a")]
    shared = Answering(world.store, lambda _query: mine[0], world.clock, metrics, SearchesSection())
    said = iter([b"1", b"2"])

    async def ask() -> Answer:
        return Answer({"count": next(said).decode()})

    async def body() -> bytes:
        question = Question("count", "", MatchAll(), times)
        return bytes((await shared.respond(question, ask)).body)

    assert await body() == b'{"count":"1"}'
    mine[0] = Term("service.name", "b")
    assert await body() == b'{"count":"2"}'
    mine[0] = Term("service.name", "a")
    assert await body() == b'{"count":"1"}'


SECRETS = (
    "password={}", "token: {}", "api_key = {}", "Authorization: Bearer {}", "bearer {}{}",
    "logboom_{}{}{}", "ghp_{}{}{}", "sk-{}-{}-{}", "eyJ{}.{}.{}-x_y",
)  # fmt: skip
FORMS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: "".join(sign if sign.isalnum() else f"\\{sign}" for sign in text),
    lambda text: "".join(f"\\{sign}" if sign in " -_" else sign for sign in text),
    lambda text: f"\\u{ord(text[0]):04x}{text[1:]}",
    lambda text: f'"{text}"',
    lambda text: f'"say \\"{text}\\" again"~2',
    lambda text: f'service:"{text}"',
    lambda text: "note:" + "".join(sign if sign.isalnum() else f"\\{sign}" for sign in text),
    lambda text: f"*{text}*",
    lambda text: f"{text}~1",
    lambda text: f'labels.note:["{text}" TO *]',
)


async def test_no_secret_of_a_slow_search_is_logged(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    slow = Answering(
        world.store, lambda query: query, world.clock, ApiMetrics(CollectorRegistry()),
        SearchesSection(),
    )  # fmt: skip

    async def ask() -> Answer:
        world.clock.advance(1)
        return Answer({"events": []})

    texts = [
        f"*o* {form(secret.replace('{}', 'Sup3rXecretY'))}" for secret in SECRETS for form in FORMS
    ]
    for text in texts:
        try:
            query = parse_query(text, now_ns=0, zone=UTC)
        except QueryError:
            query = And((Wildcard(None, "*o*"), Term(None, text)))
        response = await slow.respond(Question("count", text, query, TimeRange()), ask)
        assert response.background is not None
        await response.background()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == len(texts)
    assert [one for one in told if "xecret" in one.casefold() or "*o* has" not in one] == []


async def test_a_slow_search_is_logged_with_its_plan(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.write([document(100, day=21)])
    metrics = ApiMetrics(CollectorRegistry())
    slow = Answering(world.store, lambda query: query, world.clock, metrics, SearchesSection())
    query = And((Term("service.name", "shop-0"), Not(Wildcard("message", "ord*"))))
    times = TimeRange(None, epoch_us("2026-11-21T00:00:00Z"))

    async def ask(seconds: float) -> Answer:
        world.clock.advance(seconds)
        return Answer({"events": []})

    for number, seconds in enumerate((0.4, 0.6)):
        question = Question("search", "shop-0 -ord*", query, times, number)
        response = await slow.respond(question, lambda seconds=seconds: ask(seconds))  # type: ignore[misc]
        if response.background is not None:
            await response.background()
    assert [record.getMessage() for record in caplog.records] == [
        r"slow search: 600 ms for 'shop-0 -ord*' over 1 of 2 days (2026-11-20 to 2026-11-20); service.name:shop\-0 has 10 in 0 ms; message:ord* has 20 in 0 ms"
    ]
    assert metrics.slow_searches._value.get() == 1


async def test_nobody_takes_all_the_room_and_whoever_comes_later_finds_some() -> None:
    bounded = answering(SearchesSection(concurrent=64, cache=0))
    question, go_on = Question("count", "", MatchAll(), TimeRange()), asyncio.Event()

    async def slowly() -> Answer:
        await go_on.wait()
        return Answer({"count": 1})

    async def begun_by(who: str) -> tuple[list[asyncio.Task[Any]], str]:
        """All searches that somebody may have under way, and why there are not more."""
        ASKING.set(who)
        begun: list[asyncio.Task[Any]] = []
        while True:
            task = asyncio.create_task(bounded.respond(question, slowly))
            await asyncio.sleep(0)
            if task.done():
                return begun, str(task.exception())
            begun.append(task)

    first, why = await begun_by("grafana")
    assert len(first) == 48
    assert "48 searches are under way, 48 of them under your key" in why
    second, _ = await begun_by("on-call")
    assert len(second) == 12
    third, _ = await begun_by("shop")
    assert len(third) == 3
    unknown, why = await begun_by("")
    assert len(unknown) == 1
    assert why.startswith("64 searches are under way")
    go_on.set()
    await asyncio.gather(*first, *second, *third, *unknown)
    go_on.clear()
    again, _ = await begun_by("shop")
    assert len(again) == 48, "whoever took the room has given it back"
    go_on.set()
    await asyncio.gather(*again)
