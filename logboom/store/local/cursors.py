"""What is a place in the order of the embedded store's answers? Time and id of the last event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logboom.store.cursors import Cursor, read
from logboom.store.values import SearchRequest

__all__ = ["Cursor", "Key", "read_cursor"]

Key = tuple[int, str]
"""Event time in µs and event id: the order of all events."""


def read_cursor(request: SearchRequest) -> Cursor[Key] | None:
    """The cursor that a request brings; see `logboom.store.cursors.read`."""
    return read(request, _key)


def _key(after: Sequence[Any]) -> Key:
    time_us, event_id = after
    return int(time_us), str(event_id)
