"""The state's index has our mapping, whoever makes it, and whatever other templates there are."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import StateRefused
from logboom.state import State, open_state
from logboom.state.elastic import index_name


@pytest.fixture
async def state(elasticsearch: str, unique: str) -> AsyncIterator[State]:
    store = {"kind": "elasticsearch", "urls": [elasticsearch], "replicas": 0}
    config = Config.model_validate({"index": f"{unique}-%Y.%m.%d", "store": store})
    opened = open_state(config, SystemClock())
    yield opened
    await opened.close()


async def listed(state: State) -> list[str]:
    return [record.key for record in await state.list("rule", prefix="a-")]


async def test_an_index_that_is_deleted_is_made_anew_with_our_mapping(
    state: State, elasticsearch: str, unique: str
) -> None:
    index = index_name(f"{unique}-%Y.%m.%d")
    async with httpx.AsyncClient(base_url=elasticsearch, timeout=60) as server:
        theirs = {
            "index_patterns": [f"{index}*"], "priority": 300,
            "template": {"mappings": {"dynamic": "strict"}},
        }  # fmt: skip
        assert (await server.put(f"/_index_template/{unique}", json=theirs)).status_code == 200
        for _ in range(2):
            await state.put("rule", "a-b c", {"any": {"thing": [1, "x"]}})
            assert await listed(state) == ["a-b c"]
            mapping = (await server.get(f"/{index}/_mapping")).json()[index]["mappings"]
            assert mapping["_meta"]["managed_by"] == "logboom"
            assert mapping["properties"]["key"] == {"type": "keyword"}
            assert (await server.delete(f"/{index}")).status_code == 200
        assert await listed(state) == []
        await server.delete(f"/_index_template/{unique}")


async def test_an_index_that_somebody_else_has_made_is_refused(
    state: State, elasticsearch: str, unique: str
) -> None:
    index = index_name(f"{unique}-%Y.%m.%d")
    async with httpx.AsyncClient(base_url=elasticsearch, timeout=60) as server:
        assert (await server.put(f"/{index}/_doc/1", json={"kind": "of theirs"})).status_code == 201
    with pytest.raises(StateRefused, match="was not made by logboom"):
        await state.put("rule", "a", {})
