"""Which parameters and problems do routes share?"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

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
