"""Which areas does the API have? Each makes its own router, below ``/api/v1``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from fastapi import APIRouter

from search_api.alerts.routes import alert_routes, trial_routes
from search_api.alerts.source import StoreSource
from search_api.counting.counting_routes import counting_routes
from search_api.counting.facet_routes import facet_routes
from search_api.error_groups.grouping import ErrorGroups
from search_api.error_groups.routes import error_routes
from search_api.exports.routes import export_routes
from search_api.live.routes import live_routes
from search_api.live.tail_routes import tail_routes
from search_api.notifying.previewing import previews
from search_api.notifying.running import links_of, notifying_routes
from search_api.parts import Parts
from search_api.pipeline.routes import pipeline_routes
from search_api.rates.routes import rate_routes
from search_api.saved_searches.routes import keeping_routes
from search_api.saved_searches.searches import Searches
from search_api.searching.context_routes import context_routes
from search_api.searching.pattern_routes import pattern_routes
from search_api.searching.search_routes import search_routes
from search_api.searching.trace_routes import trace_routes


def routers(parts: Parts) -> Iterator[APIRouter]:
    """The routers of all areas."""
    store, clock = parts.store, parts.clock
    yield search_routes(parts)
    yield counting_routes(parts)
    yield facet_routes(parts)
    yield export_routes(parts)
    yield trace_routes(parts)
    yield context_routes(parts)
    yield tail_routes(parts)
    yield live_routes(parts)
    yield rate_routes(store, parts.memory, parts.config.rollups, clock)
    yield pipeline_routes(parts.pipeline, parts.sees)
    yield pattern_routes(parts)
    if parts.memory is not None:
        yield keeping_routes(Searches(parts.memory, clock))
        groups = ErrorGroups(store, parts.memory, parts.sees)
        yield error_routes(groups, clock, parts.answering)
        if parts.alerting is not None:
            yield alert_routes(parts.alerting, parts.sees, parts.reads)
            yield trial_routes(
                parts.alerting, StoreSource(store, parts.memory, parts.sees), clock, parts.sees,
                partial(previews, links=links_of(parts.config)),
            )  # fmt: skip
        yield from notifying_routes(parts.config, parts.memory, clock, parts.sees)
