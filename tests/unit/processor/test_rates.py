"""Live counters: each stored event once, in bounded series."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from logboom.status import RatesStatus, decode_rates
from logboom.store import Document, Outcome, Rejected
from logboom.telemetry import PipelineCollector
from processor.consuming import Prepared
from processor.rates import MOST_SERVICES, Rates
from processor.tallying import merged, tally
from tests.rollups import happening

DAY = date(2026, 3, 14)
TIME = "2026-03-14T09:00:00.000Z"


def counted(documents: list[Document]) -> Rates:
    rates = Rates()
    rates.add(tally(documents))
    return rates


def series(rates: Rates) -> dict[tuple[str, ...], float]:
    """Name and labels without the instance → value, as Prometheus reads them."""
    collector, registry = PipelineCollector(), CollectorRegistry()
    collector.rates = [rates.status("p-1", 5)]
    registry.register(collector)
    return {
        (sample.name, *(v for k, v in sorted(sample.labels.items()) if k != "instance")): (
            sample.value
        )
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for sample in family.samples
    }


def test_events_are_counted_by_service_and_level() -> None:
    found = series(
        counted([
            happening(0, TIME, service="shop", level="error", error=True),
            happening(1, TIME, service="shop", level="info"),
            happening(2, TIME, service="shop", level="info", error=True),
            happening(3, TIME),
        ])
    )  # fmt: skip
    assert found["logboom_log_events_total", "error", "shop"] == 1
    assert found["logboom_log_events_total", "info", "shop"] == 2
    assert found["logboom_log_errors_total", "info", "shop"] == 1
    assert found["logboom_log_events_total", "none", "none"] == 1
    assert not any(name.startswith("logboom_log_requests") for name, *_ in found)


def test_tallies_add_up() -> None:
    documents = [happening(n, TIME, service="shop", level="info") for n in range(3)]
    rates = Rates()
    rates.add(merged([tally(documents[:1]), tally([]), tally(documents[1:])]))
    rates.add(tally(documents))
    assert series(rates)["logboom_log_events_total", "info", "shop"] == 6


def test_only_what_is_new_to_the_store_is_counted() -> None:
    documents = [happening(n, TIME, service="shop", level="info") for n in range(3)]
    write = Prepared(documents, tally(documents), {0: 3})
    rates = Rates()
    rates.add(write.written([Outcome.STORED, Outcome.DUPLICATE, Rejected("no")]).new)
    assert series(rates)["logboom_log_events_total", "info", "shop"] == 1
    rates.add(write.written([Outcome.DUPLICATE] * 3).new)
    assert series(rates)["logboom_log_events_total", "info", "shop"] == 1
    rates.add(write.written([Outcome.STORED] * 3).new)
    assert series(rates)["logboom_log_events_total", "info", "shop"] == 4


def test_requests_are_counted_by_class_of_status() -> None:
    statuses = (200, 204, 301, 404, 500, 503, 99, 600)
    found = series(
        counted([happening(n, TIME, service="s", status=one) for n, one in enumerate(statuses)])
    )
    name = "logboom_log_requests_total"
    classes = {status: found[name, "s", status] for status in ("1xx", "2xx", "3xx", "4xx", "5xx")}
    assert classes == {"1xx": 0, "2xx": 2, "3xx": 1, "4xx": 1, "5xx": 2}


def test_durations_are_a_histogram() -> None:
    took_ms = (1, 5, 6, 40, 700, 60_000)
    found = series(
        counted([
            happening(n, TIME, service="s", duration=one * 1_000_000)
            for n, one in enumerate(took_ms)
        ])
    )  # fmt: skip
    name = "logboom_log_duration_seconds"
    assert found[f"{name}_count", "s"] == 6
    assert found[f"{name}_sum", "s"] == pytest.approx(sum(took_ms) / 1000)
    buckets = {k[1]: v for k, v in found.items() if k[0] == f"{name}_bucket"}
    assert (buckets["0.005"], buckets["0.01"], buckets["1.0"], buckets["+Inf"]) == (2, 3, 5, 6)


def test_the_series_are_bounded() -> None:
    rates = counted([
        happening(n, TIME, service=f"s{n}", level=f"l{n}", status=200, duration=1)
        for n in range(MOST_SERVICES * 3)
    ])  # fmt: skip
    found = series(rates)
    names = {key[2] for key in found if key[0] == "logboom_log_events_total"}
    assert len(names) == MOST_SERVICES + 1
    assert found["logboom_log_events_total", "other", "other"] == 2 * MOST_SERVICES
    assert found["logboom_log_events_total", "other", "s0"] == 1
    longest = counted([happening(0, TIME, service="x" * 5000)])
    assert len(longest.status("p", 0).levels[0].service) == 200


ODD: list[dict[str, Any]] = [
    {"service": {"name": ["a", "b"]}, "log": {"level": 5}},
    {"service": "a", "log": "b"},
    {"http": {"response": {"status_code": "500"}}, "event": {"duration": "long"}, "tags": "error"},
    {"event": {"duration": True}, "http": 7},
    {"event": {"duration": -5.5}},
    {"service": {"name": ""}, "tags": [{"error": 1}]},
]


def test_odd_values_stop_nothing() -> None:
    documents = [Document.of(str(n), DAY, event) for n, event in enumerate(ODD)]
    documents.append(Document("big", DAY, b' {"n":1e999}'))
    documents.append(happening(9, TIME, service="s", level="info"))
    rates = counted(documents)
    found = series(rates)
    assert found["logboom_log_events_total", "info", "s"] == 1
    events = [value for key, value in found.items() if key[0] == "logboom_log_events_total"]
    assert sum(events) == len(documents)
    assert sum(v for k, v in found.items() if k[0] == "logboom_log_errors_total") == 0


def test_what_is_told_is_understood() -> None:
    status = counted([happening(0, TIME, service="s", status=200, duration=5)]).status("p-1", 7)
    entries = {status.key: status.model_dump_json().encode(), "processor/p-1": b"{}"}
    assert decode_rates(entries) == [status]
    assert isinstance(status, RatesStatus)
