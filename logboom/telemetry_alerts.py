"""The metrics of alerts that are decided and told, each with its meaning and unit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class ReceiverFigures:
    """How it goes with telling one receiver.

    Attributes:
        messages: Those whose fate is known, by what became of them.
        retries: Tries that failed and were, or are to be, repeated.
        pending: Messages that wait.
        oldest_s: Age of the oldest of them.
    """

    messages: Mapping[str, int] = field(default_factory=dict)
    retries: int = 0
    pending: int = 0
    oldest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class AlertFigures:
    """How it goes with deciding and telling; the names are those of the metrics."""

    leading: bool = False
    lag_s: float = 0.0
    last_success_s: float = 0.0
    late_s: float = 0.0
    rules: int = 0
    failing: int = 0
    held: int = 0
    invalid: int = 0
    overflow: int = 0
    evaluations: int = 0
    failures: int = 0
    transitions: Mapping[str, int] = field(default_factory=dict)
    passed_over: int = 0
    rewound: int = 0
    reevaluated: int = 0
    untold: int = 0
    heartbeats: int = 0
    took_s: Mapping[str, float] = field(default_factory=dict)
    receivers: Mapping[str, ReceiverFigures] = field(default_factory=dict)


class AlertsCollector(Collector):
    """Turns figures into metrics, at every scrape.

    Args:
        figures: Gives those of the moment.
    """

    def __init__(self, figures: Callable[[], AlertFigures] = AlertFigures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """The metrics; called by prometheus_client."""
        now = self._figures()
        for name, meaning, value in (
            ("leading", "1 where alerts are decided: on one replica.", float(now.leading)),
            ("lag_seconds", "How late the group is that is furthest behind.", now.lag_s),
            (
                "last_success_timestamp_seconds",
                "When all rules were evaluated last.",
                now.last_success_s,
            ),
            ("pipeline_late_seconds", "How old the oldest is that is not stored yet.", now.late_s),
            ("rules", "Rules in force.", now.rules),
            ("rules_failing", "Of these, rules that cannot be evaluated.", now.failing),
            ("rules_held", "Of these, rules that wait since the pipeline is late.", now.held),
            ("rule_files_invalid", "Files of rules that are not used as they are.", now.invalid),
            ("series_dropped", "Series that cannot be followed: too many.", now.overflow),
        ):
            yield GaugeMetricFamily(f"logboom_alerts_{name}", meaning, value=value)
        for name, meaning, value in (
            ("evaluations", "Evaluations of rules.", now.evaluations),
            ("evaluation_failures", "Of these, those that failed.", now.failures),
            ("evaluations_passed_over", "Not made: the downtime was too long.", now.passed_over),
            (
                "clock_corrections",
                "Rules evaluated for times to come: by a wrong clock.",
                now.rewound,
            ),
            ("windows_reevaluated", "Evaluated again for late events.", now.reevaluated),
            ("late_firings_untold", "Over when late events showed them: too many.", now.untold),
            ("heartbeats", "Signs of life that were taken.", now.heartbeats),
        ):
            yield CounterMetricFamily(f"logboom_alerts_{name}", meaning, value=value)
        told = CounterMetricFamily(
            "logboom_alerts_transitions", "Alerts that fired or resolved.", labels=["state"]
        )
        for state, number in now.transitions.items():
            told.add_metric([state], number)
        yield told
        took = GaugeMetricFamily(
            "logboom_alerts_evaluation_seconds", "Time of the last evaluation.", labels=["group"]
        )
        for group, seconds in now.took_s.items():
            took.add_metric([group], seconds)
        yield took
        yield from _of_receivers(now.receivers)


def _of_receivers(receivers: Mapping[str, ReceiverFigures]) -> Iterator[Metric]:
    messages = CounterMetricFamily(
        "logboom_alerts_messages", "Messages whose fate is known.", labels=["receiver", "outcome"]
    )
    retries = CounterMetricFamily(
        "logboom_alerts_retries", "Tries that failed and are repeated.", labels=["receiver"]
    )
    pending = GaugeMetricFamily(
        "logboom_alerts_messages_pending", "Messages that wait.", labels=["receiver"]
    )
    oldest = GaugeMetricFamily(
        "logboom_alerts_oldest_pending_seconds", "Age of the oldest of them.", labels=["receiver"]
    )
    for name, one in receivers.items():
        for outcome, number in one.messages.items():
            messages.add_metric([name, outcome], number)
        retries.add_metric([name], one.retries)
        pending.add_metric([name], one.pending)
        oldest.add_metric([name], one.oldest_s)
    yield from (messages, retries, pending, oldest)
