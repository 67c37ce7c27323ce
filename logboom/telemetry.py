"""All metrics, each with its meaning and unit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from logboom.broker import PartitionLag
from logboom.status import ServiceStatus, SourceStatus

EVENT_COUNTERS: dict[str, str] = {
    "events_acked": "Events that the broker has acknowledged to this shipper.",
    "batches_acked": "Batches that the broker has acknowledged to this shipper.",
    "bytes_acked": "Bytes of events that the broker has acknowledged to this shipper.",
    "syslog_messages": "Syslog messages that this shipper has received.",
    "syslog_malformed": "Of these, messages whose header could not be read.",
    "syslog_dropped": "Syslog datagrams that the kernel dropped since its buffer was full.",
    "syslog_refused": "Syslog connections that were refused: too many, or no agreement on TLS.",
    "http_requests": "Requests that the HTTP input of this shipper has answered.",
    "http_requests_refused": "Of these, requests that were refused as a whole.",
    "http_requests_abandoned": "Requests whose client went away before the answer.",
    "http_events": "Events in the requests that were answered with success.",
    "events_consumed": "Events that this processor has taken from the broker.",
    "events_stored": "Events that the store has taken from this processor.",
    "events_duplicate": "Events that the store had already: replays after a crash.",
    "events_dead": "Events that the store refused for good: dead letters.",
    "events_error": "Events that this processor has tagged as errors.",
}
"""Names of the services' own counters, as they are posted on the status stream."""

REDACTED = "events_redacted:"
"""With the name of a kind of secret: the counter of events in which such a one was replaced."""


class ApiMetrics:
    """Counted by the API itself.

    Args:
        registry: Where they are registered.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Histogram(
            "logboom_api_request_duration_seconds",
            "Time from a request to the begin of its answer.",
            ["route", "method", "status"],
            registry=registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10),
        )
        self.slow_searches = Counter(
            "logboom_api_slow_searches", "Searches of more than 500 ms.", registry=registry
        )


class PipelineCollector(Collector):
    """Turns the last known state of the pipeline into metrics, at every scrape."""

    def __init__(self) -> None:
        self.services: Iterable[ServiceStatus] = ()
        self.sources: Iterable[SourceStatus] = ()
        self.lag: Iterable[PartitionLag] = ()

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """The metrics; called by prometheus_client."""
        labels = ["service", "instance"]
        waiting = GaugeMetricFamily(
            "logboom_service_waiting",
            "1 while a service waits for broker, store or disk.",
            labels=labels,
        )
        for service in self.services:
            waiting.add_metric(
                [service.service, service.instance], float(service.state == "waiting")
            )
        yield waiting
        for name, meaning in EVENT_COUNTERS.items():
            family = CounterMetricFamily(f"logboom_{name}", meaning, labels=labels)
            for service in self.services:
                if name in service.counters:
                    family.add_metric([service.service, service.instance], service.counters[name])
            yield family
        yield self._redacted()
        yield from self._sources()
        lag = GaugeMetricFamily(
            "logboom_broker_lag", "Events that wait in a partition.", labels=["partition"]
        )
        for partition in self.lag:
            lag.add_metric([str(partition.partition)], partition.messages)
        yield lag

    def _redacted(self) -> CounterMetricFamily:
        redacted = CounterMetricFamily(
            "logboom_events_redacted", "Events in which a secret was replaced.",
            labels=["service", "instance", "rule"],
        )  # fmt: skip
        for service in self.services:
            for name, count in service.counters.items():
                if name.startswith(REDACTED):
                    rule = name.removeprefix(REDACTED)
                    redacted.add_metric([service.service, service.instance, rule], count)
        return redacted

    def _sources(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        labels = ["path", "source"]
        read = CounterMetricFamily(
            "logboom_source_lines_read", "Lines read from a source.", labels=labels
        )
        acked = CounterMetricFamily(
            "logboom_source_lines_acked", "Lines in acknowledged events.", labels=labels
        )
        dead = CounterMetricFamily(
            "logboom_source_lines_dead", "Lines that became dead letters.", labels=labels
        )
        dropped = CounterMetricFamily(
            "logboom_source_lines_dropped", "Lines that a rule dropped.", labels=[*labels, "rule"]
        )
        pending = GaugeMetricFamily(
            "logboom_source_lines_pending", "Lines that wait.", labels=labels
        )
        for source in self.sources:
            names = [source.path, source.source]
            read.add_metric(names, source.lines_read)
            acked.add_metric(names, source.lines_acked)
            dead.add_metric(names, source.lines_dead)
            pending.add_metric(names, source.lines_pending)
            for rule, lines in source.dropped.items():
                dropped.add_metric([*names, rule], lines)
        yield from (read, acked, dead, dropped, pending)
