"""What a question means is told where it may not be meant so."""

from __future__ import annotations

import pytest

from logboom.errors import QueryError
from search_api.searching.asking import LONGEST_FIELD, MOST_FIELDS, fields_of, understand

NOW_NS = 1_795_000_000_000_000_000


async def test_times_that_nothing_can_lie_between_are_noted() -> None:
    (note,) = (await understand(NOW_NS, "level:error", "now", "now-1h", "UTC")).notes
    assert "nothing can match: `from` is 2026-11-18T11:06:40.000Z" in note
    assert "not later, 2026-11-18T10:06:40.000Z" in note


@pytest.mark.parametrize(("begin", "end"), [("now-1h", "now"), (None, "now-1h"), ("now", None)])
async def test_other_times_are_not(begin: str | None, end: str | None) -> None:
    assert not (await understand(NOW_NS, "level:error", begin, end, "UTC")).notes


def test_fields_are_named_with_commas_or_in_a_list() -> None:
    assert fields_of(None) == fields_of("") == fields_of(" , ") == []
    assert fields_of("level, message ,level") == ["level", "message"]
    assert fields_of(["my field", "level "]) == ["my field", "level"]


def test_fields_that_are_shown_are_bounded() -> None:
    names = [f"f{number}" for number in range(MOST_FIELDS)]
    assert fields_of(names) == names
    with pytest.raises(QueryError, match="201 fields cannot be shown at once"):
        fields_of([*names, "more"])
    with pytest.raises(QueryError, match="more than 1000 characters"):
        fields_of("x" * (LONGEST_FIELD + 1))
