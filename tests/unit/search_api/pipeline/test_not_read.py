"""What is found and not read is told, and only that."""

from __future__ import annotations

from typing import Any

from logboom.status import SourceStatus
from search_api.pipeline.not_read import files_part


def _source(path: str, state: Any, detail: str = "") -> SourceStatus:
    return SourceStatus(
        source=path, shipper="node", run="r", path=path, at_ns=0, state=state, detail=detail
    )


def test_nothing_is_said_when_everything_is_read() -> None:
    assert files_part([_source("/a.log", "reading"), _source("/b.log", "idle")], 0) == []


def test_each_file_is_named_with_its_reason() -> None:
    sources = [
        _source("/c.log", "unreadable", "Permission denied"),
        _source("/a.log", "idle"),
        _source("/b.log", "binary", "it is a program"),
        _source("/d.log", "binary"),
    ]
    (part,) = files_part(sources, 0)
    assert part == {
        "name": "files",
        "state": "running",
        "detail": "3 of 4 are not read: /b.log (it is a program); /c.log (Permission denied);"
        " /d.log (it is binary)",
    }


def test_of_very_many_only_some_are_named() -> None:
    (part,) = files_part([_source(f"/{number:02}", "binary") for number in range(12)], 0)
    assert part["detail"].startswith("12 of 12 are not read: /00 ")
    assert part["detail"].endswith("; and 7 more")


def test_what_was_gone_before_its_end_was_seen_is_told_for_a_day() -> None:
    gone = _source("/a.log", "vanished", "gone; what followed byte 50 is not known")
    (part,) = files_part([gone, _source("/b.log", "idle")], 86_399 * 10**9)
    assert part["state"] == "running"
    assert part["detail"] == (
        "1 were gone before their end was seen: /a.log (gone; what followed byte 50 is not known)"
    )
    assert files_part([gone], 86_400 * 10**9) == []
