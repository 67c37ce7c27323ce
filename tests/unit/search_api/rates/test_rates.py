"""Rates as the API tells them: equal to the rows, whichever tier answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from logboom.clock import ManualClock
from logboom.config import Config, RollupsSection
from logboom.errors import QueryError
from logboom.rollups import Tier
from logboom.rollups.gone_days import GoneDays
from logboom.rollups.marks import Marks
from logboom.store import TimeRange
from search_api.rates.rollups import stretch_of
from tests.api_world import ask, served_from
from tests.rollups import happening, truth

NOW = datetime(2026, 3, 14, 12, 0, 30, tzinfo=UTC)
NOW_US = int(NOW.timestamp()) * 1_000_000
MINUTE_US = 60_000_000
SECTION = RollupsSection()
EVENTS = [
    happening(
        n,
        f"2026-03-14T11:{n % 60:02}:10.000Z",
        service="shop" if n % 3 else "cart",
        host=f"web-{n % 2}",
        level="error" if n % 10 == 0 else "info",
        error=n % 10 == 0,
        status=500 if n % 6 == 0 else 200 if n % 2 == 0 else None,
        duration=1_000_000 * (1 + n % 100),
    )
    for n in range(240)
] + [happening(1000 + n, "2026-03-14T10:30:00.000Z", service="shop") for n in range(80)]


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with served_from(Config(data=tmp_path), ManualClock(NOW)) as world:
        for tier in Tier:
            await world.store.rollups.keep(tier, truth(EVENTS, tier))
        yield world.api


async def test_what_the_rows_lack_is_told(tmp_path: Path) -> None:
    async with served_from(Config(data=tmp_path), ManualClock(NOW)) as world:
        client, now = world.api, NOW_US - 30_000_000
        marks, gone = Marks(world.state), GoneDays(world.state)
        await marks.mark([now, now - MINUTE_US])  # the newest are always a little late
        assert (await ask(client, "rates"))["warnings"] == []
        await marks.mark([now - 9 * MINUTE_US, now - 300 * MINUTE_US])
        for route in ("rates", "services"):
            (told,) = (await ask(client, route))["warnings"]
            assert told.startswith("a minute of this time waits to be worked out anew")
        (told,) = (await ask(client, "rates", from_="now-6h"))["warnings"]
        assert told.startswith("2 minutes of this time wait to be worked out anew")
        await gone.note(date(2026, 3, 11))
        await gone.note_late(date(2026, 3, 11))
        (told,) = (await ask(client, "rates", from_="2026-03-11", to="2026-03-12"))["warnings"]
        assert told == (
            "of days whose events were dropped or archived before others came, each row counts"
            " those before or those since, whichever are more: 2026-03-11"
        )
        await gone.forget(date(2026, 3, 11))
        await gone.note(date(2026, 3, 9))
        assert await gone.note_lost(NOW_US - 30 * 86_400_000_000, NOW_US) == [date(2026, 3, 9)]
        assert await gone.note_lost(NOW_US - 30 * 86_400_000_000, NOW_US) == []
        (told,) = (await ask(client, "rates", from_="2026-03-09", to="2026-03-10"))["warnings"]
        assert told.startswith("rates of these days were lost, and cannot be worked out anew")
        assert told.endswith(": 2026-03-09")


async def test_each_service_tells_its_rates(api: httpx.AsyncClient) -> None:
    answer = await ask(api, "services", from_="2026-03-14T11:00:00Z", to="2026-03-14T12:00:00Z")
    assert (answer["tier"], answer["total"], answer["warnings"]) == ("1m", 2, [])
    shop, cart = answer["services"]
    assert (shop["service"], cart["service"]) == ("shop", "cart")
    assert shop["events"] == sum(one.event["service"]["name"] == "shop" for one in EVENTS[:240])
    assert cart["errors"] == 8
    assert cart["error_rate"] == 8 / 80
    assert (cart["requests"], cart["server_errors"], cart["server_error_rate"]) == (40, 40, 1.0)
    assert cart["events_per_s"] == pytest.approx(80 / 3600)
    assert cart["levels"] == {"error": 8, "info": 72}
    assert cart["hosts"] == 2
    assert cart["last_seen"] == "2026-03-14T11:57:10.000Z"
    took = sorted(1 + n % 100 for n in range(0, 240, 3))
    assert cart["p50_ms"] == pytest.approx(took[39], rel=0.021)
    assert cart["p99_ms"] == pytest.approx(took[78], rel=0.021)
    assert cart["trend"] == {"events_before": 0, "events_per_s": None, "error_rate": None}
    assert shop["trend"]["events_before"] == 80
    assert shop["trend"]["events_per_s"] == pytest.approx(1.0)
    assert shop["trend"]["error_rate"] == pytest.approx(16 / 160)


@pytest.mark.parametrize(
    ("interval", "tier"), [("1m", "1m"), ("2m", "1m"), ("5m", "1m"), ("1h", "1m")]
)
async def test_rates_over_time_add_up(api: httpx.AsyncClient, interval: str, tier: str) -> None:
    answer = await ask(
        api, "rates", from_="2026-03-14T10:00:00Z", to="2026-03-14T12:00:00Z", interval=interval
    )
    assert answer["tier"] == tier
    assert sum(point["events"] for point in answer["points"]) == len(EVENTS)
    assert sum(point["requests"] for point in answer["points"]) == 120
    assert answer["points"][0]["from"] == "2026-03-14T10:00:00.000Z"
    width = {"1m": 120, "2m": 60, "5m": 24, "1h": 2}
    assert len(answer["points"]) == width[interval]


async def test_rates_may_be_of_one_service_host_and_level(api: httpx.AsyncClient) -> None:
    answer = await ask(
        api, "rates", service="cart", host="web-0", level="error", interval="1h",
        from_="2026-03-14T11:00:00Z",
    )  # fmt: skip
    assert [point["events"] for point in answer["points"]] == [8, 0]
    assert [point["error_rate"] for point in answer["points"]] == [1.0, None]
    assert answer["points"][1]["p50_ms"] is None


async def test_longer_stretches_are_read_from_coarser_tiers(api: httpx.AsyncClient) -> None:
    for begin, tier in (("now-1d", "5m"), ("now-7d", "1h"), ("now-200d", "1h")):
        answer = await ask(api, "rates", from_=begin)
        assert answer["tier"] == tier
        assert sum(point["events"] for point in answer["points"]) == len(EVENTS)
        assert len(answer["points"]) <= 300
        assert (await ask(api, "services", from_=begin))["tier"] == tier


@pytest.mark.parametrize(
    "parameters",
    [
        {"interval": "90s"},
        {"from": "now-1h", "to": "now-2h"},
        {"from": "now-300d", "interval": "1m"},
        {"interval": "soon"},
    ],
)
async def test_what_cannot_be_answered_is_a_problem(
    api: httpx.AsyncClient, parameters: dict[str, str]
) -> None:
    answer = await api.get("/api/v1/rates", params=parameters)
    assert answer.status_code == 400
    assert answer.json()["suggestion"]


async def test_the_routes_are_described(api: httpx.AsyncClient) -> None:
    paths = (await api.get("/openapi.json")).json()["paths"]
    for route in ("/api/v1/services", "/api/v1/rates"):
        answer = paths[route]["get"]["responses"]["200"]["content"]["application/json"]
        assert answer["schema"]["$ref"].endswith("Answer")


def test_a_stretch_is_widened_to_whole_rows() -> None:
    stretch = stretch_of(TimeRange(NOW_US - 90_000_000, NOW_US), NOW_US, SECTION)
    assert stretch.start_us == NOW_US - 90_000_000
    assert stretch.end_us == NOW_US + 30_000_000
    assert stretch.seconds == 90
    assert stretch.before.end_us == stretch.start_us
    assert stretch.before.seconds == 120


def test_a_tier_that_is_not_kept_is_not_asked() -> None:
    start_us = NOW_US - round(timedelta(days=40).total_seconds()) * 1_000_000
    short = TimeRange(start_us, start_us + MINUTE_US)
    assert stretch_of(short, NOW_US, SECTION).tier is Tier.FIVE_MINUTES
    long_ago = TimeRange(start_us - 400 * 86_400_000_000, NOW_US)
    stretch = stretch_of(long_ago, NOW_US, SECTION)
    assert stretch.tier is Tier.HOUR
    assert "kept since 2025-03-14" in stretch.warnings[0]


def test_an_empty_stretch_is_refused() -> None:
    with pytest.raises(QueryError, match="empty"):
        stretch_of(TimeRange(NOW_US, NOW_US), NOW_US, SECTION)
