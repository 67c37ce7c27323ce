"""What a question means is told where it may not be meant so."""

from __future__ import annotations

import pytest

from search_api.asking import understand

NOW_NS = 1_795_000_000_000_000_000


def test_times_that_nothing_can_lie_between_are_noted() -> None:
    (note,) = understand(NOW_NS, "level:error", "now", "now-1h", "UTC").notes
    assert "nothing can match: `from` is 2026-11-18T11:06:40.000Z" in note
    assert "not later, 2026-11-18T10:06:40.000Z" in note


@pytest.mark.parametrize(("begin", "end"), [("now-1h", "now"), (None, "now-1h"), ("now", None)])
def test_other_times_are_not(begin: str | None, end: str | None) -> None:
    assert not understand(NOW_NS, "level:error", begin, end, "UTC").notes
