"""Is what docs/elasticsearch-api.md says true?"""

from __future__ import annotations

import re
from pathlib import Path

from logboom.keys import Scope
from logboom.query.lucene import MAX_CLAUSES
from search_api.access.needs import CLOSED, need_of
from search_api.elasticsearch_api import aggregations, bodies, divisions, queries, routes, searching
from search_api.elasticsearch_api.describing import VERSION
from search_api.elasticsearch_api.metrics import KINDS

PAGE = (Path(__file__).parents[4] / "docs" / "elasticsearch-api.md").read_text("utf-8")


def told(begin: str, end: str) -> set[str]:
    section = PAGE.split(begin)[1].split(end)[0]
    return set(re.findall(r"`([a-z_]+)`", section))


def test_every_query_is_told() -> None:
    kinds = {"bool", "constant_score", *queries.QueryReader(0).kinds()}
    assert kinds <= told("**Queries:**", "**Hits:**")


def test_every_aggregation_is_told() -> None:
    kinds = {"terms", "date_histogram", "histogram", "filters", "filter", *KINDS}
    assert kinds <= told("**Aggregations:**", "## What is refused")


def test_the_limits_are_those_of_the_code() -> None:
    assert f"{bodies.MAX_BODY_BYTES // 10**6} MB, {MAX_CLAUSES:,} clauses" in PAGE
    assert f"{aggregations.MOST_NODES}\naggregations" in PAGE
    assert f"{divisions.MOST_BUCKETS:,} buckets" in PAGE
    assert f"`from` ({searching.MAX_WINDOW:,} together)" in PAGE
    assert f"up to {routes.MOST_SEARCHES} searches" in PAGE
    assert f"version {VERSION.rpartition('.')[0]}" in PAGE
    assert f"below `{routes.PREFIX}`" in PAGE


def test_reading_needs_a_key_that_reads() -> None:
    for path in ("/es", "/es/", "/es/_search", "/es/a/_msearch"):
        for method in ("GET", "POST", "HEAD"):
            assert need_of(method, path).scope is Scope.READ
        assert need_of("DELETE", path) == CLOSED
