"""Histograms over HTTP, on both stores: zones, gaps, splits."""

from __future__ import annotations

import httpx

from tests.contract.test_api import api, ask, clock  # noqa: F401 - fixtures


async def test_days_are_those_of_the_zone_and_gaps_are_filled(api: httpx.AsyncClient) -> None:  # noqa: F811
    found = await ask(
        api, "histogram", interval="1d", tz="Asia/Kathmandu", from_="2026-11-19", to="2026-11-22"
    )
    assert [(one["from"], one["count"]) for one in found["buckets"]] == [
        ("2026-11-18T18:15:00.000Z", 0), ("2026-11-19T18:15:00.000Z", 0),
        ("2026-11-20T18:15:00.000Z", 60), ("2026-11-21T18:15:00.000Z", 0),
    ]  # fmt: skip


async def test_a_split_survives_a_change_of_the_clocks(api: httpx.AsyncClient) -> None:  # noqa: F811
    found = await ask(
        api, "histogram", interval="1w", by="level", tz="Europe/Berlin",
        from_="2026-10-19", to="2026-11-22T00:00",
    )  # fmt: skip
    assert [(one["from"][:16], one["count"]) for one in found["buckets"]] == [
        ("2026-10-18T22:00", 0), ("2026-10-25T23:00", 0), ("2026-11-01T23:00", 0),
        ("2026-11-08T23:00", 0), ("2026-11-15T23:00", 60),
    ]  # fmt: skip
    assert found["buckets"][-1]["by"] == {"info": 54, "error": 6}


async def test_an_interval_is_chosen(api: httpx.AsyncClient) -> None:  # noqa: F811
    found = await ask(api, "histogram", from_="now-2h")
    assert found["interval"] == "120s"
    assert sum(one["count"] for one in found["buckets"]) == 60
    assert len(found["buckets"]) == 60
    assert (await ask(api, "histogram"))["interval"] == "900s"  # since the first day's midnight
