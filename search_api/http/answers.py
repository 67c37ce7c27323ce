"""The shapes of the answers, for the OpenAPI description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


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


class ContextAnswer(BaseModel):
    """An event with its neighbours, in the order of their source; `partial`: some may be missing."""

    before: list[dict[str, Any]]
    event: dict[str, Any]
    after: list[dict[str, Any]]
    partial: bool
    warnings: list[str]


class CountAnswer(BaseModel):
    """A number of matches; `gte`: at least so many."""

    count: int
    relation: Literal["eq", "gte"]
    warnings: list[str]


class ValueAnswer(BaseModel):
    """How many matches have a value."""

    value: str
    count: int


class FacetsAnswer(BaseModel):
    """The most frequent values of fields; `sampled`: not all matches were counted."""

    facets: dict[str, list[ValueAnswer]]
    sampled: bool
    warnings: list[str]


class FieldAnswer(BaseModel):
    """A field; `coverage` is the share of the matches that have it."""

    name: str
    type: str
    coverage: float
    examples: list[str]


class FieldsAnswer(BaseModel):
    """The most used fields, by name; seen in `sampled` of `total` matches."""

    fields: list[FieldAnswer]
    total: int
    sampled: int
    warnings: list[str]


class HistogramBucket(BaseModel):
    """Matches in one stretch of time."""

    begin: str = Field(alias="from")
    count: int
    by: dict[str, int]


class HistogramAnswer(BaseModel):
    """Matches over time."""

    interval: str
    buckets: list[HistogramBucket]
    partial: bool
    warnings: list[str]


class Numbers(BaseModel):
    """What happened; null where there is nothing to divide by, or no duration."""

    events: int
    errors: int
    error_rate: float | None
    requests: int
    server_errors: int
    server_error_rate: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None


class Trend(BaseModel):
    """Against the stretch of the same length before; null where nothing happened in that."""

    events_before: int
    events_per_s: float | None = Field(description="0.5: half as much again.")
    error_rate: float | None = Field(description="The difference of both rates.")


class ServiceRates(Numbers):
    """One service; null for events without one."""

    service: str | None
    events_per_s: float
    hosts: int
    levels: dict[str, int]
    last_seen: str
    trend: Trend


class ServicesAnswer(BaseModel):
    """All services of a stretch of whole rows of a tier (`1m`, `5m`, `1h`), the busiest first."""

    tier: str
    begin: str = Field(alias="from")
    to: str
    services: list[ServiceRates]
    total: int
    warnings: list[str]


class RatePoint(Numbers):
    """One interval."""

    begin: str = Field(alias="from")


class RatesAnswer(BaseModel):
    """Rates over time, made of rows of a tier (`1m`, `5m`, `1h`)."""

    tier: str
    begin: str = Field(alias="from")
    to: str
    interval: str
    points: list[RatePoint]
    warnings: list[str]


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    position: int | None = None
    suggestion: str | None = None
