"""Facets and fields over HTTP, on both stores."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api_world import ask
from tests.contract.test_api import api, clock  # noqa: F401 - fixtures


async def test_facets_of_several_fields(api: httpx.AsyncClient) -> None:  # noqa: F811
    found = await ask(api, "facets", field=["level", "service,seq"], size=2, from_="now-1d")
    assert found["facets"]["level"] == [
        {"value": "info", "count": 54}, {"value": "error", "count": 6},
    ]  # fmt: skip
    assert found["facets"]["service"] == [
        {"value": "shop-0", "count": 30}, {"value": "shop-1", "count": 30},
    ]  # fmt: skip
    assert len(found["facets"]["seq"]) == 2
    assert (found["sampled"], found["warnings"]) == (False, [])


@pytest.mark.parametrize("name", ["my key", r"my\ key", r"attributes.my\ key"])
async def test_a_name_may_be_written_as_in_a_query(api: httpx.AsyncClient, name: str) -> None:  # noqa: F811
    found = await ask(api, "facets", field=name, q="seq:<3")
    assert found["facets"] == {name: [{"value": "0", "count": 2}, {"value": "1", "count": 1}]}
    found = await ask(api, "histogram", by=name, interval="1d", q="seq:<3")
    assert [bucket["by"] for bucket in found["buckets"] if bucket["count"]] == [{"0": 2, "1": 1}]
    found = await ask(api, "search", fields=f"level,{name}", q="seq:2")
    assert [event["attributes"] for event in found["events"]] == [{"my key": 0}]


async def test_fields_with_coverage(api: httpx.AsyncClient) -> None:  # noqa: F811
    found: dict[str, Any] = await ask(api, "fields", prefix="se", q="level:error")
    sequence, service = found["fields"]
    assert (sequence["name"], sequence["type"]) == ("attributes.seq", "long")
    assert len(sequence["examples"]) == 3
    assert service == {
        "name": "service.name", "type": "keyword", "coverage": 1.0, "examples": ["shop-0"],
    }  # fmt: skip
    assert (found["total"], found["sampled"]) == (6, 6)


@pytest.mark.parametrize(
    ("route", "words"),
    [
        ("facets", "field"),
        ("facets?field=,", "0 fields"),
        ("facets?field=message", "words"),
        ("facets?field=trace", "different in nearly every event"),
        ("facets?field=level&size=0", "size"),
        ("fields?size=9999", "size"),
    ],
)
async def test_what_has_no_facets_is_said(api: httpx.AsyncClient, route: str, words: str) -> None:  # noqa: F811
    answer = await api.get(f"/api/v1/{route}")
    assert answer.status_code == 400
    assert words in answer.text
