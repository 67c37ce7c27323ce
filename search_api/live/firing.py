"""Which alerts fire now? The one place where the live channels read what the alerts keep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from logboom.query.times import iso_text
from logboom.state import Record, State
from search_api.alerts.outbox import KIND
from search_api.alerts.states import RuleState

_AT_ONCE = 1_000
MOST_TOLD = 500


async def firing_now(memory: State | None) -> dict[str, Any]:
    """The series of all rules that fire, the latest first.

    Args:
        memory: Has the rules' records; None: nothing ever fires.

    Raises:
        StateUnavailable: Ask again later.
    """
    found: list[dict[str, Any]] = []
    after = ""
    while memory is not None:
        records = await memory.list(KIND, after=after, limit=_AT_ONCE)
        found += _firing(records)
        if len(records) < _AT_ONCE:
            break
        after = records[-1].key
    found.sort(key=lambda one: str(one["since"]), reverse=True)
    return {"firing": found[:MOST_TOLD], "total": len(found)}


def _firing(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    for record in records:
        for key, series in RuleState.from_json(record.value).series.items():
            if series.fired_us is not None:
                yield {
                    "rule": record.key,
                    "series": list(key.values),
                    "no_data": key.no_data,
                    "since": iso_text(series.fired_us),
                    "value": series.value,
                }
