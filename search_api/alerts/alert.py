"""What crosses from deciding to sending?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from hashlib import blake2b
from typing import Any


class AlertState(Enum):
    """What a series of a rule is. Only `FIRING` and `RESOLVED` are told to anybody."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One series of one rule that fires, or has just resolved.

    Attributes:
        labels: `alertname`, `severity`, the rule's labels, and the values that the series stands for
            under the names of their fields (`service.name`).
        annotations: Rendered templates: `summary`, `description` and others.
        episode: Names one firing of one series, from its first `FIRING` to its `RESOLVED`, across
            restarts and replicas.
        state: `FIRING` or `RESOLVED`.
        starts_at: When it began to fire; aware, UTC.
        ends_at: When it resolved; None while it fires.
        value: What was measured last; None where nothing could be.
        condition: In words, with its threshold: `error_rate > 0.05 over 2m`.
        query: Finds the events that it is about.
        window: The event times that were looked at: begin (included) and end (excluded).
        samples: Up to five matching events, as stored.
        error_group: Fingerprint of the group of errors that it is about; None for no single one.
        rule: `group/name`.
        measured: What was measured, by how the rule says it, where it makes several comparisons.
        threshold: What the value is compared to; None where it is compared to nothing.
        unit: Of both, as `Condition.unit` says it.
        units: Of what was measured, by how the rule says it.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    episode: str
    state: AlertState
    starts_at: datetime
    ends_at: datetime | None
    value: float | None
    condition: str
    query: str
    window: tuple[datetime, datetime]
    samples: tuple[Mapping[str, Any], ...]
    error_group: str | None
    rule: str
    measured: Mapping[str, float | None] = field(default_factory=dict)
    threshold: float | None = None
    unit: str = ""
    units: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As it is kept and answered: a JSON object that `from_json` reads."""
        return {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "episode": self.episode,
            "state": self.state.value,
            "starts_at": _text(self.starts_at),
            "ends_at": None if self.ends_at is None else _text(self.ends_at),
            "value": self.value,
            "threshold": self.threshold,
            "unit": self.unit,
            "measured": dict(self.measured),
            "units": dict(self.units),
            "condition": self.condition,
            "query": self.query,
            "window": [_text(moment) for moment in self.window],
            "samples": [dict(sample) for sample in self.samples],
            "error_group": self.error_group,
            "rule": self.rule,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Alert:
        """Reads what `to_json` wrote.

        Raises:
            KeyError: Something is missing.
            ValueError: A time or the state cannot be read.
        """
        begin, end = value["window"]
        ends_at = value["ends_at"]
        return cls(
            labels=value["labels"],
            annotations=value["annotations"],
            episode=value["episode"],
            state=AlertState(value["state"]),
            starts_at=_moment(value["starts_at"]),
            ends_at=None if ends_at is None else _moment(ends_at),
            value=value["value"],
            condition=value["condition"],
            query=value["query"],
            window=(_moment(begin), _moment(end)),
            samples=tuple(value["samples"]),
            error_group=value["error_group"],
            rule=value["rule"],
            measured=value.get("measured", {}),
            threshold=value.get("threshold"),
            unit=value.get("unit", ""),
            units=value.get("units", {}),
        )


def episode_of(rule: str, series: str, began_us: int) -> str:
    """The name of a firing: whoever finds that it began then gives it the same.

    Args:
        rule: `group/name`.
        series: Names the series among those of the rule.
        began_us: When it began to fire, µs since the epoch.

    Returns:
        24 hexadecimal digits.
    """
    return blake2b(f"{rule}\0{series}\0{began_us}".encode(), digest_size=12).hexdigest()


def moment_of(time_us: int) -> datetime:
    """An instant, given in µs since the epoch, as an aware one in UTC."""
    seconds, fraction_us = divmod(time_us, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=fraction_us)


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
