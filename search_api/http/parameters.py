"""Which parameters and problems do routes share?"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from search_api.http.answers import Problem

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The request is not understood."},
    503: {"model": Problem, "description": "The store does not answer."},
}
"""What every route that asks the store may answer besides."""

Q = Annotated[str, Query(description="Query in Lucene's syntax; empty matches everything.")]
From = Annotated[str | None, Query(alias="from", description="Begin, included.")]
To = Annotated[str | None, Query(alias="to", description="End, excluded.")]
Zone = Annotated[
    str,
    Query(alias="tz", description="IANA zone, or offset such as +09:00, of times that name none."),
]


def _no_truth_value(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("truth_value", "Input should be a number, not a truth value")
    return value


NO_TRUTH_VALUE = BeforeValidator(_no_truth_value)
"""For numbers in bodies: `false` would be taken for 0, and `true` for 1."""
