"""What is a place in the order of Elasticsearch's answers? The last event's sort values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logboom.store.cursors import Cursor, read
from logboom.store.values import SearchRequest

__all__ = ["Cursor", "read_cursor"]

_SORT_VALUES = 3


def read_cursor(request: SearchRequest) -> Cursor[list[Any]] | None:
    """The cursor that a request brings; see `logboom.store.cursors.read`."""
    return read(request, _sort_values)


def _sort_values(after: Sequence[Any]) -> list[Any]:
    if len(after) != _SORT_VALUES:
        raise ValueError(f"there are {_SORT_VALUES} sort values, not {len(after)}")
    return list(after)
