"""How many clauses may alternatives make of which some must be there?"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


def some_of(least: int, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"bool": {"should": parts, "minimum_should_match": least}}


async def test_what_they_make_is_bounded_for_a_request(http: httpx.AsyncClient) -> None:
    four = some_of(4, [{"term": {"host.name": f"h{number}"}} for number in range(9)])
    for query in (some_of(4, [four] * 9), {"bool": {"must": [four, four]}}):
        answer = await http.post("/_count", json={"query": query})
        assert answer.status_code == 400, query
        assert "minimum_should_match" in answer.json()["error"]["reason"]
    assert (await http.post("/_count", json={"query": four})).json()["count"] == 0
