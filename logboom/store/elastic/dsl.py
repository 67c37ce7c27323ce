"""The few forms of Elasticsearch's query language that translations are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Dsl = dict[str, Any]

NOTHING: Dsl = {"match_none": {}}
"""Matches no event."""


def all_of(parts: Sequence[Dsl], *, but_not: Sequence[Dsl] = ()) -> Dsl:
    """Events that match all of `parts` and none of `but_not`."""
    clauses: Dsl = {}
    if parts:
        clauses["filter"] = list(parts)
    if but_not:
        clauses["must_not"] = list(but_not)
    return {"bool": clauses} if clauses else {"match_all": {}}


def any_of(parts: Sequence[Dsl]) -> Dsl:
    """Events that match at least one of `parts`."""
    if not parts:
        return NOTHING
    if len(parts) == 1:
        return parts[0]
    return {"bool": {"should": list(parts), "minimum_should_match": 1}}


def term(field: str, value: str | float) -> Dsl:
    """A whole value, or a word."""
    return {"term": {field: {"value": value}}}


def wildcard(field: str, pattern: str) -> Dsl:
    """Values or words that look like a pattern with `*`, `?` and backslashes."""
    if not pattern:
        return term(field, "")  # which Elasticsearch's own empty pattern does not match
    return {"wildcard": {field: {"value": pattern}}}


def regexp(field: str, pattern: str) -> Dsl:
    """Values or words that an expression of Lucene's, without its own extensions, matches."""
    return {"regexp": {field: {"value": pattern, "flags": "NONE"}}}


MAX_EXPANSIONS = 1000
"""Different words that one fuzzy word stands for, at most."""


def fuzzy(field: str, value: str, distance: int) -> Dsl:
    """Values or words within some edits."""
    return {
        "fuzzy": {field: {"value": value, "fuzziness": distance, "max_expansions": MAX_EXPANSIONS}}
    }


def exists(field: str) -> Dsl:
    """The field has a value, be it one that the index could not take.

    A field that refused a value is named in `_ignored`.
    """
    return any_of([{"exists": {"field": field}}, term("_ignored", field)])


def between(
    field: str, lower: str | float | None, upper: str | float | None, *, include_lower: bool,
    include_upper: bool, **options: str,
) -> Dsl:  # fmt: skip
    """Values between two ends; None leaves one open."""
    bounds: dict[str, str | float] = {}
    if lower is not None:
        bounds["gte" if include_lower else "gt"] = lower
    if upper is not None:
        bounds["lte" if include_upper else "lt"] = upper
    return {"range": {field: {**bounds, **options}}}
