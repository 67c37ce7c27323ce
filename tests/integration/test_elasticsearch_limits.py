"""The limits that are told are those at which the server itself stops."""

from __future__ import annotations

import logging

import pytest

from logboom.query.model import Term
from logboom.store import Outcome, TimeRange
from tests.integration.elastic import Opener, document


async def test_fields_are_told_before_and_when_they_are_used_up(
    elasticsearch: str, open_elastic: Opener, unique: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    store = await open_elastic(elasticsearch, unique, field_limit=500)
    writer = await store.writer()

    async def used(names: range) -> float:
        events = [document(n, attributes={f"key-{n}": "x"}) for n in names]
        assert set(await writer.write(events)) == {Outcome.STORED}
        (fields,) = [one for one in await store.limits() if one.kind == "fields"]
        assert (fields.of, fields.most) == (f"{unique}-2026.03.14", 500)
        assert fields.is_near == (fields.used >= 425)
        return fields.used

    before = await used(range(1))
    assert await used(range(1, 101)) == before + 100
    room = round(500 - before) - 100
    assert await used(range(101, 101 + room)) == 500
    assert await used(range(1000, 1010)) == 500
    await store.refresh()
    last, beyond = (Term(f"attributes.key-{n}", "x") for n in (100 + room, 1000))
    assert (await store.count(last, TimeRange())).value == 1
    assert (await store.count(beyond, TimeRange())).value == 0


async def test_shards_are_told(elasticsearch: str, open_elastic: Opener, unique: str) -> None:
    store = await open_elastic(elasticsearch, unique)
    (shards,) = [one for one in await store.limits() if one.kind == "shards"]
    assert shards.most >= 1000
    assert not shards.is_near
