"""The shapes of the answers, for the OpenAPI description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel


class Total(BaseModel):
    """A number of matches; `gte`: at least so many."""

    value: int
    relation: Literal["eq", "gte"]


class SearchAnswer(BaseModel):
    """One page of events; `cursor` is null on the last one."""

    events: list[dict[str, Any]]
    total: Total
    cursor: str | None
    took_ms: float
    partial: bool
    warnings: list[str]


class CountAnswer(BaseModel):
    """A number of matches."""

    count: int
    relation: Literal["eq", "gte"]


class HistogramBucket(BaseModel):
    """Matches in one stretch of time."""

    count: int
    by: dict[str, int]


class HistogramAnswer(BaseModel):
    """Matches over time."""

    interval: str
    buckets: list[HistogramBucket]


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    position: int | None = None
    suggestion: str | None = None
