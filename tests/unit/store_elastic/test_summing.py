"""Rows are made of what several questions found, between which more events may be stored."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from logboom.config import Config
from logboom.elastic.client import Client
from logboom.store.elastic.names import IndexNames
from logboom.store.elastic.summing import Summary

MINUTE_MS = 1_795_242_240_000
_WHOLE = {"timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0, "skipped": 0}}


class Answers:
    """Gives one answer after the other."""

    address = "here"

    def __init__(self, found: Iterable[Any]) -> None:
        self._found = iter(found)

    async def query(self, *_asked: Any, **_more: Any) -> Any:
        return {**_WHOLE, "aggregations": {"found": next(self._found)}}


def bucket(service: str, count: int, **parts: Any) -> dict[str, Any]:
    key = {"minute": MINUTE_MS, "service.name": service, "host.name": None, "log.level": "info"}
    return {"key": key, "doc_count": count, **parts}


async def test_a_service_whose_first_event_comes_between_the_questions_waits_for_the_next_round() -> (
    None
):
    counts = {name: {"doc_count": 0} for name in ("errors", "requests", "server_errors")}
    ends = {"min": {"value": 7.0}, "max": {"value": 7.0}}
    first = bucket("cart", 2, **counts, **ends, last={"value": MINUTE_MS + 5})
    durations = {"durations": {"buckets": [{"doc_count": 0}, {"doc_count": 1}]}}
    answers = Answers(
        [
            {"buckets": [first]},
            {"buckets": [bucket("cart", 2, **durations), bucket("new", 1, **durations)]},
            *({"buckets": []},) * 2,
        ]
    )
    summary = Summary(cast("Client", answers), IndexNames(Config().index))
    (row,) = await summary.rows(MINUTE_MS * 1000, (MINUTE_MS + 60_000) * 1000)
    assert (row.service, row.events, row.durations.count) == ("cart", 2, 1)
