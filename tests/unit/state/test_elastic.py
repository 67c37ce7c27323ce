"""What Elasticsearch's state is called, and what is said when it does not answer."""

from __future__ import annotations

import socket
from datetime import UTC, date, datetime

import pytest

from logboom.clock import ManualClock
from logboom.config import ElasticsearchSection
from logboom.errors import StateRefused, StateUnavailable
from logboom.state import Write
from logboom.state.elastic import ElasticState, index_name
from logboom.store.elastic.names import IndexNames


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("logboom-logs-%Y.%m.%d", "logboom-state"),
        ("app-%Y.%m.%d", "logboom-state-app"),
        ("app_prod-%Y-%m-%d-eu", "logboom-state-app_prod-eu"),
        ("%Y.%m.%d", "logboom-state-days"),
        ("logboom-%Y%m%d", "logboom-state-logboom"),
    ],
)
def test_each_pattern_of_day_indices_has_its_state(pattern: str, name: str) -> None:
    assert index_name(pattern) == name
    names = IndexNames(pattern)
    assert names.day(name) is None
    assert names.day(names.of(date(2026, 3, 14))) == date(2026, 3, 14)


async def test_an_elasticsearch_that_does_not_answer_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening: nobody else can, either
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        section = ElasticsearchSection(urls=[url])
        state = ElasticState(
            section, "app-%Y.%m.%d", ManualClock(datetime(2026, 3, 14, tzinfo=UTC))
        )
        assert state.address == f"{url}, index logboom-state-app"
        with pytest.raises(StateUnavailable, match="does not answer"):
            await state.get("rule", "a")
        with pytest.raises(StateUnavailable, match="does not answer"):
            await state.put_many([Write("rule", "a", {})])
        with pytest.raises(StateUnavailable, match="does not answer"):
            await state.list("rule")
        with pytest.raises(StateRefused, match="no kind of record"):
            await state.get("Rule", "a")
        await state.close()
