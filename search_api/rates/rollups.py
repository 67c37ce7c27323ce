"""What do rollups say of services, and of times?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from logboom.config import RollupsSection
from logboom.errors import QueryError
from logboom.query.times import iso_text
from logboom.rollups import Row, Tier
from logboom.rollups.row import one_of
from logboom.store import TimeRange

MOST_POINTS = 5_000
DEFAULT_STRETCH_US = 3_600_000_000
_PERCENTILES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
_US = 1_000_000
_FINEST_US = {Tier.MINUTE: 6 * 3600 * _US, Tier.FIVE_MINUTES: 48 * 3600 * _US}
"""The longest stretch that is read from a tier."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole rows of one tier.

    Attributes:
        tier: Whose rows answer.
        start_us: Begin of the first row, µs since the epoch.
        end_us: End of the last row.
        now_us: The present: what lies behind it has not happened yet.
        warnings: What the reader should know, one sentence each.
    """

    tier: Tier
    start_us: int
    end_us: int
    now_us: int
    warnings: Sequence[str] = ()

    @property
    def seconds(self) -> float:
        """How long it is, as far as it has passed."""
        passed_us = min(self.end_us, max(self.now_us, self.start_us + self.tier.width_us))
        return (passed_us - self.start_us) / _US

    @property
    def before(self) -> Stretch:
        """The stretch of the same length before it."""
        length_us = self.end_us - self.start_us
        return Stretch(self.tier, self.start_us - length_us, self.start_us, self.now_us)

    def shown(self) -> dict[str, Any]:
        """As it is answered."""
        return {
            "tier": self.tier.text,
            "from": iso_text(self.start_us),
            "to": iso_text(self.end_us),
            "warnings": list(self.warnings),
        }


def stretch_of(
    times: TimeRange, now_us: int, section: RollupsSection, interval_us: int | None = None
) -> Stretch:
    """The rows that answer for a range of times; it is widened to whole ones.

    Args:
        times: By default the last hour.
        now_us: The present, µs since the epoch.
        section: How long rows are kept.
        interval_us: The rows must fit into intervals of this width.

    Raises:
        QueryError: The range is empty, or there is no tier that fits.
    """
    end_us = now_us if times.end_us is None else times.end_us
    start_us = end_us - DEFAULT_STRETCH_US if times.start_us is None else times.start_us
    if start_us >= end_us:
        raise QueryError("the range of time is empty", suggestion="let `from` be before `to`")
    tiers = [tier for tier in Tier if interval_us is None or interval_us % tier.width_us == 0]
    if not tiers:
        raise QueryError(
            "the interval is not a number of whole minutes", suggestion="write for example 1m or 1h"
        )
    tier = _fitting(tiers, end_us - start_us, start_us, now_us, section)
    width_us = tier.width_us if interval_us is None else interval_us
    warnings = []
    if not tier.is_kept(section, start_us, now_us):
        since = iso_text(tier.kept_since_us(section, now_us))
        warnings.append(f"rows of {tier.text} are kept since {since} only")
    return Stretch(
        tier, start_us - start_us % width_us, end_us + -end_us % tier.width_us, now_us, warnings
    )


def _fitting(
    tiers: Sequence[Tier], length_us: int, start_us: int, now_us: int, section: RollupsSection
) -> Tier:
    """The finest that is kept and does not take too many rows; else the coarsest."""
    for tier in tiers:
        longest_us = _FINEST_US.get(tier)
        is_short = longest_us is None or length_us <= longest_us
        if is_short and tier.is_kept(section, start_us, now_us):
            return tier
    return tiers[-1]


def services_of(
    rows: Iterable[Row], rows_before: Iterable[Row], stretch: Stretch
) -> list[dict[str, Any]]:
    """What is to be said of each service, the busiest first."""
    now, earlier = _by_service(rows), _by_service(rows_before)
    found = [
        _service(service, parts, earlier.get(service, []), stretch)
        for service, parts in now.items()
    ]
    return sorted(found, key=lambda one: (-one["events"], one["service"] or ""))


def _by_service(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[row.service].append(row)
    return found


def _service(
    service: str, rows: Sequence[Row], rows_before: Sequence[Row], stretch: Stretch
) -> dict[str, Any]:
    whole = one_of(stretch.start_us, (service, "", ""), rows)
    levels: Counter[str] = Counter()
    for row in rows:
        levels[row.level] += row.events
    return {
        "service": service or None,
        **numbers_of(whole),
        "events_per_s": whole.events / stretch.seconds,
        "hosts": len({row.host for row in rows if row.host}),
        "levels": dict(sorted(levels.items())),
        "last_seen": iso_text(whole.last_ms * 1000),
        "trend": _trend(whole, rows_before, stretch),
    }


def _trend(whole: Row, rows_before: Sequence[Row], stretch: Stretch) -> dict[str, Any]:
    """How this stretch differs from the one before it."""
    if not rows_before:
        return {"events_before": 0, "events_per_s": None, "error_rate": None}
    before = one_of(stretch.before.start_us, ("", "", ""), rows_before)
    rate, rate_before = (
        whole.events / stretch.seconds,
        before.events / stretch.before.seconds,
    )
    return {
        "events_before": before.events,
        "events_per_s": rate / rate_before - 1,
        "error_rate": whole.errors / whole.events - before.errors / before.events,
    }


def points_of(rows: Iterable[Row], stretch: Stretch, interval_us: int) -> list[dict[str, Any]]:
    """What is to be said of each interval, also of those in which nothing happened.

    Raises:
        QueryError: There would be too many.
    """
    if (stretch.end_us - stretch.start_us) // interval_us >= MOST_POINTS:
        raise QueryError(
            f"there would be more than {MOST_POINTS} points",
            suggestion="choose a longer interval or a shorter range of time",
        )
    times: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        times[row.start_us - row.start_us % interval_us].append(row)
    return [
        {
            "from": iso_text(start_us),
            **numbers_of(one_of(start_us, ("", "", ""), times.get(start_us, []))),
        }
        for start_us in range(stretch.start_us, stretch.end_us, interval_us)
    ]


def numbers_of(row: Row) -> dict[str, Any]:
    """The numbers of a row, as they are answered; null where there is nothing to divide by."""
    percentiles = {name: row.durations.percentile(share) for name, share in _PERCENTILES.items()}
    return {
        "events": row.events,
        "errors": row.errors,
        "error_rate": row.errors / row.events if row.events else None,
        "requests": row.requests,
        "server_errors": row.server_errors,
        "server_error_rate": row.server_errors / row.requests if row.requests else None,
        **{name: None if ns is None else ns / 1e6 for name, ns in percentiles.items()},
    }
