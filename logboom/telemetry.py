"""All metrics, each with its meaning and unit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Set
from itertools import accumulate

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from logboom.broker import PartitionLag
from logboom.scaling import ScalingStatus
from logboom.status import (
    DURATION_ENDS_S,
    DeadStatus,
    LossStatus,
    RatesStatus,
    ServiceStatus,
    SourceStatus,
)
from logboom.store.limits import Limit

EVENT_COUNTERS: dict[str, str] = {
    "events_acked": "Events that the broker has acknowledged to this shipper.",
    "batches_acked": "Batches that the broker has acknowledged to this shipper.",
    "bytes_acked": "Bytes of events that the broker has acknowledged to this shipper.",
    "events_made": "Events that this shipper has made of lines.",
    "nul_bytes_skipped": "NUL bytes that this shipper has passed over: holes, and what crashes left.",
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
    "events_dead": "Events that the store refused for good, or that cannot be read in the broker: dead letters.",
    "events_error": "Events that this processor has tagged as errors.",
    "rebalances": "Times that this processor was given its partitions.",
    "indices_dropped": "Days that retention has deleted from the store.",
    "indices_archived": "Days that retention has moved into archives.",
    "archives_deleted": "Archives that retention has deleted.",
    "retention_failures": "Times that retention or an order for days could not do its work.",
    "rollups_made": "Minutes whose rates this processor has worked out.",
    "rollup_rows": "Rows of minutes that it has made of them.",
    "rollup_seconds": "Seconds that it has spent on rates.",
    "rollups_too_wide": "Hours whose rates are not complete: too many services, hosts and levels.",
}
"""Names of the services' own counters, as they are posted on the status stream."""

SERVICE_GAUGES: dict[str, str] = {
    "spool_bytes": "Bytes of the files in which a shipper keeps what it receives over the network.",
    "spool_waiting_bytes": "Of these, bytes that the broker has not acknowledged yet.",
    "rollups_waiting": "Minutes whose rates wait to be worked out, at most some hundred thousand.",
}
"""Posted like the counters; they go up and down."""

REDACTED = "events_redacted:"
"""With the name of a kind of secret: the counter of events in which such a one was replaced."""

FAULTS = "event_faults:"
"""With the kind of a fault of logboom's own: the counter of texts that became plain events by it."""


SOURCE_COUNTERS: dict[str, str] = {
    "lines_read": "Lines read.",
    "lines_acked": "Lines in acknowledged events.",
    "lines_empty": "Empty lines, which make no event.",
    "lines_dead": "Lines that became dead letters.",
    "read_bytes": "Bytes read since the file began anew.",
}
"""Of each source, and of all sources of a shipper together."""

MOST_SOURCES = 200
"""Sources with metrics of their own; the others are in the totals of their shipper alone."""


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
            "logboom_api_slow_searches",
            "Searches that took longer than `api.searches.slow`.",
            registry=registry,
        )
        self.searches_under_way = Gauge(
            "logboom_api_searches_under_way", "Searches that are being answered.", registry=registry
        )
        self.exports_under_way = Gauge(
            "logboom_api_exports_under_way", "Exports that are being written.", registry=registry
        )
        self.busy = Counter(
            "logboom_api_busy",
            "Searches and exports that were told to come later: too many were under way.",
            ["what"],
            registry=registry,
        )
        self.cache_requests = Counter(
            "logboom_api_cache_requests",
            "Questions over past times, by whether their answer was kept.",
            ["found"],
            registry=registry,
        )
        self.cache_hit_ratio = Gauge(
            "logboom_api_cache_hit_ratio",
            "Share of the questions over past times whose answer was kept.",
            registry=registry,
        )
        self.cache_bytes = Gauge(
            "logboom_api_cache_bytes", "Bytes of answers that are kept.", registry=registry
        )
        self._cache_counts = {True: 0, False: 0}

    def found_in_cache(self, *, found: bool) -> None:
        """Counts a question whose answer may have been kept."""
        self._cache_counts[found] += 1
        self.cache_requests.labels("yes" if found else "no").inc()
        self.cache_hit_ratio.set(self._cache_counts[True] / sum(self._cache_counts.values()))


class PipelineCollector(Collector):
    """Turns the last known state of the pipeline into metrics, at every scrape.

    Attributes:
        services: What the services told last, those that are gone included.
        gone: Keys of those that are gone: they have counters, and no gauges.
    """

    def __init__(self) -> None:
        self.services: Iterable[ServiceStatus] = ()
        self.gone: Set[str] = frozenset()
        self.sources: Iterable[SourceStatus] = ()
        self.lag: Iterable[PartitionLag] = ()
        self.losses: Iterable[LossStatus] = ()
        self.dead: Iterable[DeadStatus] = ()
        self.scaling: Iterable[ScalingStatus] = ()
        self.limits: Iterable[Limit] = ()
        self.rates: Iterable[RatesStatus] = ()
        self._shown: dict[str, None] = {}

    def collect(self) -> Iterator[Metric]:
        """The metrics; called by prometheus_client."""
        labels = ["service", "instance"]
        waiting = GaugeMetricFamily(
            "logboom_service_waiting",
            "1 while a service waits for broker, store or disk.",
            labels=labels,
        )
        for service in self._running():
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
        yield from self._gauges(labels)
        yield self._by_kind(
            REDACTED, "logboom_events_redacted", "Events in which a secret was replaced.", "rule"
        )
        yield self._by_kind(
            FAULTS, "logboom_event_faults",
            "Texts that met a fault of logboom's own, and became plain events.", "reason",
        )  # fmt: skip
        yield from self._sources()
        yield from self._trouble()
        yield from _scaling(self.scaling)
        yield _limits(self.limits)
        yield from rate_families(self.rates)
        lag = GaugeMetricFamily(
            "logboom_broker_lag", "Events that wait in a partition.", labels=["partition"]
        )
        for partition in self.lag:
            lag.add_metric([str(partition.partition)], partition.messages)
        yield lag

    def _running(self) -> Iterator[ServiceStatus]:
        return (service for service in self.services if service.key not in self.gone)

    def _gauges(self, labels: list[str]) -> Iterator[GaugeMetricFamily]:
        for name, meaning in SERVICE_GAUGES.items():
            family = GaugeMetricFamily(f"logboom_{name}", meaning, labels=labels)
            for service in self._running():
                if name in service.counters:
                    family.add_metric([service.service, service.instance], service.counters[name])
            yield family

    def _by_kind(self, prefix: str, name: str, meaning: str, label: str) -> CounterMetricFamily:
        """Counters of services whose names have a kind behind a prefix."""
        family = CounterMetricFamily(name, meaning, labels=["service", "instance", label])
        for service in self.services:
            for counter, count in service.counters.items():
                if counter.startswith(prefix):
                    kind = counter.removeprefix(prefix)
                    family.add_metric([service.service, service.instance, kind], count)
        return family

    def _sources(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        sources = list(self.sources)
        shown = [source for source in sources if self._is_shown(source)]
        for name, meaning in SOURCE_COUNTERS.items():
            each = CounterMetricFamily(
                f"logboom_source_{name}", f"{meaning} Of one source.", labels=["path", "source"]
            )
            for source in shown:
                each.add_metric([source.path, source.source], _count(source, name))
            yield each
            yield _totals(f"logboom_shipper_{name}", f"{meaning} Of all sources.", name, sources)
        yield from self._dropped(shown, sources)
        pending = GaugeMetricFamily(
            "logboom_source_lines_pending", "Lines that wait.", labels=["path", "source"]
        )
        waiting: defaultdict[str, float] = defaultdict(float)
        number: defaultdict[str, float] = defaultdict(float)
        for source in shown:
            pending.add_metric([source.path, source.source], source.lines_pending)
        for source in sources:
            waiting[source.shipper] += source.lines_pending
            number[source.shipper] += 1
        yield pending
        yield _gauge("logboom_shipper_lines_pending", "Lines that wait, of all sources.", waiting)
        yield _gauge("logboom_shipper_sources", "Sources that a shipper knows.", number)

    def _dropped(
        self, shown: Iterable[SourceStatus], sources: Iterable[SourceStatus]
    ) -> Iterator[CounterMetricFamily]:
        meaning = "Lines of events that a rule dropped."
        labels = ["path", "source", "rule"]
        each = CounterMetricFamily("logboom_source_lines_dropped", meaning, labels=labels)
        for source in shown:
            for rule, lines in source.dropped.items():
                each.add_metric([source.path, source.source, rule], lines)
        yield each
        yield _totals("logboom_shipper_lines_dropped", meaning, "lines_dropped", sources)

    def _is_shown(self, source: SourceStatus) -> bool:
        """A source that had metrics once keeps them: counters never seem to go back."""
        if source.source not in self._shown and len(self._shown) < MOST_SOURCES:
            self._shown[source.source] = None
        return source.source in self._shown

    def _trouble(self) -> Iterator[GaugeMetricFamily]:
        """What is lost, and what is dead."""
        lost: defaultdict[str, float] = defaultdict(float)
        unread: defaultdict[str, float] = defaultdict(float)
        for loss in self.losses:
            lost[loss.shipper] += loss.lines
            unread[loss.shipper] += loss.unread
        yield _gauge(
            "logboom_shipper_lines_lost",
            "Lines that were being sent when their file vanished.",
            lost,
        )
        yield _gauge(
            "logboom_shipper_bytes_unread",
            "Bytes that were seen in files, and gone before they could be read.",
            unread,
        )
        letters: defaultdict[str, float] = defaultdict(float)
        size: defaultdict[str, float] = defaultdict(float)
        for status in self.dead:
            letters[status.store] += status.letters
            size[status.store] += status.bytes
        yield _gauge("logboom_dead_letters", "Dead letters that wait.", letters, label="store")
        yield _gauge("logboom_dead_letters_bytes", "Bytes of their events.", size, label="store")


def _limits(limits: Iterable[Limit]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "logboom_store_limit_used", "How much of what the store takes at most is used, 0 to 1.",
        labels=["kind", "of"],
    )  # fmt: skip
    for limit in limits:
        family.add_metric([limit.kind, limit.of], limit.share)
    return family


def rate_families(rates: Iterable[RatesStatus]) -> Iterator[Metric]:
    """What was stored of each service, while it happens."""
    labels = ["instance", "service_name"]
    events = CounterMetricFamily(
        "logboom_log_events", "Events stored, by their service and level.",
        labels=[*labels, "level"],
    )  # fmt: skip
    errors = CounterMetricFamily(
        "logboom_log_errors", "Of these, errors.", labels=[*labels, "level"]
    )
    requests = CounterMetricFamily(
        "logboom_log_requests", "Requests that events tell of, by class of status.",
        labels=[*labels, "status"],
    )  # fmt: skip
    durations = HistogramMetricFamily(
        "logboom_log_duration_seconds", "event.duration of events, by their service.", labels=labels
    )
    for one in rates:
        for level in one.levels:
            names = [one.instance, level.service, level.level]
            events.add_metric(names, level.events)
            errors.add_metric(names, level.errors)
        for request in one.requests:
            requests.add_metric([one.instance, request.service, request.status], request.requests)
        for duration in one.durations:
            ends = [*(str(end) for end in DURATION_ENDS_S), "+Inf"]
            buckets = list(zip(ends, accumulate(duration.counts), strict=True))
            durations.add_metric([one.instance, duration.service], buckets, duration.sum_s)
    yield from (events, errors, requests, durations)


def _scaling(
    statuses: Iterable[ScalingStatus],
) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
    """How many processors each machine runs that chooses their number itself."""
    wanted: dict[str, float] = {}
    running: dict[str, float] = {}
    changes = CounterMetricFamily(
        "logboom_processors_changes", "Changes of the number of processors.",
        labels=["instance", "direction"],
    )  # fmt: skip
    for status in statuses:
        wanted[status.host], running[status.host] = status.processors, status.running
        changes.add_metric([status.host, "up"], status.ups)
        changes.add_metric([status.host, "down"], status.downs)
    yield _gauge("logboom_processors_wanted", "Processors that are to run.", wanted)
    yield _gauge("logboom_processors_running", "Processors that run.", running)
    yield changes


def _count(source: SourceStatus, name: str) -> float:
    return float(source.read_offset if name == "read_bytes" else getattr(source, name))


def _totals(
    name: str, meaning: str, counter: str, sources: Iterable[SourceStatus]
) -> CounterMetricFamily:
    sums: defaultdict[str, float] = defaultdict(float)
    for source in sources:
        sums[source.shipper] += _count(source, counter)
    family = CounterMetricFamily(name, meaning, labels=["instance"])
    for shipper, total in sums.items():
        family.add_metric([shipper], total)
    return family


def _gauge(
    name: str, meaning: str, values: Mapping[str, float], *, label: str = "instance"
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
