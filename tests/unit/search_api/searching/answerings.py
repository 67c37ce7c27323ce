"""Answering over a store or none, for tests of how questions are put to it."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from logboom.clock import ManualClock
from logboom.config.searching import SearchesSection
from logboom.telemetry import ApiMetrics
from search_api.searching.answering import Answering
from tests.api_world import NOW


def answering(section: SearchesSection, store: object = None, grace_s: float = 5) -> Answering:
    metrics = ApiMetrics(CollectorRegistry())
    return Answering(store, lambda query: query, ManualClock(NOW), metrics, section, grace_s)  # type: ignore[arg-type]
