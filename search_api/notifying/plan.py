"""Which way do alerts go: a configuration as a tree of routes, with the times that hold for each?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from logboom.config.notifying import (
    EscalationSection,
    InhibitSection,
    MuteTimeSection,
    NotifyingSection,
    RouteSection,
)
from logboom.matching import Matcher, equal_to, match_all, parse_matcher
from logboom.severities import meant_by

ALL_LABELS: Final = "..."
"""In `group_by`: each alert is a group of its own."""

_GROUP_BY: Final = ("alertname", "service.name")
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Timing:
    """How long a group waits: for its first message, for the next, for the same again."""

    wait: timedelta
    interval: timedelta
    repeat: timedelta


TIMINGS: Final[Mapping[str, Timing]] = {
    "critical": Timing(timedelta(0), timedelta(seconds=10), timedelta(hours=1)),
    "high": Timing(timedelta(seconds=10), timedelta(minutes=1), timedelta(hours=4)),
    "medium": Timing(timedelta(minutes=1), timedelta(minutes=5), timedelta(hours=12)),
    "low": Timing(timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)),
}
"""What holds where the routes do not say it, by severity."""


def severity_of(labels: Mapping[str, str]) -> str:
    """One of the four severities; usual other words are understood, anything else is `high`."""
    known = meant_by(labels.get("severity", "").lower())
    return known if known in TIMINGS else "high"


@dataclass(frozen=True, slots=True)
class Route:
    """A way to a receiver.

    Attributes:
        path: Names it among all routes, by its conditions.
        receiver: Who is told.
        matchers: What alerts must fulfil to go this way.
        continues: Later routes are tried, too.
        group_by: Labels that alerts of a group have in common.
        wait: `group_wait`, None where it is not said; likewise the next two.
        mute_times: Names of times at which nothing is told.
        routes: Within this one.
    """

    path: str
    receiver: str
    matchers: tuple[Matcher, ...]
    continues: bool
    group_by: tuple[str, ...]
    wait: timedelta | None
    interval: timedelta | None
    repeat: timedelta | None
    mute_times: tuple[str, ...]
    routes: tuple[Route, ...]

    def timing(self, severity: str) -> Timing:
        """How long groups of it wait when they have an alert of a severity."""
        usual = TIMINGS[severity]
        return Timing(
            usual.wait if self.wait is None else self.wait,
            usual.interval if self.interval is None else self.interval,
            usual.repeat if self.repeat is None else self.repeat,
        )

    def ways(self, labels: Mapping[str, str]) -> Iterator[Route]:
        """The deepest routes that match, in their order; this one where none within it does."""
        found = False
        for route in self.routes:
            if match_all(route.matchers, labels):
                found = True
                yield from route.ways(labels)
                if not route.continues:
                    return
        if not found:
            yield self

    def within(self) -> Iterator[Route]:
        """This route and all below it."""
        yield self
        for route in self.routes:
            yield from route.within()


@dataclass(frozen=True, slots=True)
class MuteTime:
    """Times at which nothing is told."""

    days: frozenset[int]
    hours: tuple[tuple[int, int], ...]
    zone: ZoneInfo

    def covers(self, now: datetime) -> bool:
        """Whether it is such a time; hours that cross midnight belong to the day they begin on."""
        local = now.astimezone(self.zone)
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if not self.hours:
            return self._has(day)
        return any(self._within(begin, end, minute, day) for begin, end in self.hours)

    def _within(self, begin: int, end: int, minute: int, day: int) -> bool:
        if begin < end:
            return begin <= minute < end and self._has(day)
        return (minute >= begin and self._has(day)) or (minute < end and self._has((day - 1) % 7))

    def _has(self, day: int) -> bool:
        return not self.days or day in self.days


@dataclass(frozen=True, slots=True)
class Inhibition:
    """Alerts that need not be told while others fire."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Escalation:
    """Who else is told of which alerts, and after how long."""

    matchers: tuple[Matcher, ...]
    steps: tuple[tuple[timedelta, str], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is configured about telling.

    Attributes:
        root: The route that takes every alert.
        receivers: Names of all receivers, in their order.
        unresolving: Names of those that are not told when an alert resolves.
        unrepeating: Names of those that are not told again that an alert fires.
        lapsing: Names of those that take an alert for resolved when they are not told again.
        digest_at: When alerts of low severity are told, each day; None: as others.
        digest_zone: Zone of that time.
    """

    root: Route
    receivers: tuple[str, ...]
    unresolving: frozenset[str]
    unrepeating: frozenset[str]
    lapsing: frozenset[str]
    inhibitions: tuple[Inhibition, ...]
    mute_times: Mapping[str, MuteTime]
    escalation: Escalation
    digest_at: time | None
    digest_zone: ZoneInfo

    def routes(self) -> Mapping[str, Route]:
        """All routes by their path."""
        return {route.path: route for route in self.root.within()}

    def is_muted(self, route: Route, now: datetime) -> bool:
        """Whether a route tells nothing now."""
        return any(self.mute_times[name].covers(now) for name in route.mute_times)

    def next_digest(self, after: datetime) -> datetime:
        """The first time of the daily message behind an instant; that instant without one."""
        if self.digest_at is None:
            return after
        local = after.astimezone(self.digest_zone)
        due = local.replace(
            hour=self.digest_at.hour, minute=self.digest_at.minute, second=0, microsecond=0
        )
        if due <= local:
            due += timedelta(days=1)
        return due.astimezone(after.tzinfo)


def plan_of(section: NotifyingSection) -> Plan | None:
    """The plan of a configuration; None when nobody is to be told."""
    if not section.receivers:
        return None
    names = tuple(receiver.name for receiver in section.receivers)
    digest = section.digest
    return Plan(
        root=_root(section.route or RouteSection(), names[0]),
        receivers=names,
        unresolving=frozenset(
            one.name for one in section.receivers if not one.send_resolved or one.kind == "action"
        ),
        unrepeating=frozenset(one.name for one in section.receivers if one.kind == "action"),
        lapsing=frozenset(one.name for one in section.receivers if one.kind == "alertmanager"),
        inhibitions=tuple(_inhibition(one) for one in section.inhibit),
        mute_times={one.name: _mute_time(one) for one in section.mute_times},
        escalation=_escalation(section.escalation),
        digest_at=None if digest is None else time.fromisoformat(digest.at),
        digest_zone=ZoneInfo("UTC" if digest is None else digest.zone),
    )


def _root(section: RouteSection, receiver: str) -> Route:
    group_by = _GROUP_BY if section.group_by is None else tuple(section.group_by)
    around = Route("", section.receiver or receiver, (), False, group_by, None, None, None, (), ())
    return _route(section, around, "{}")


def _route(section: RouteSection, around: Route, path: str) -> Route:
    own = Route(
        path=path,
        receiver=section.receiver or around.receiver,
        matchers=_matchers(section.match, section.matchers),
        continues=section.continue_,
        group_by=around.group_by if section.group_by is None else tuple(section.group_by),
        wait=around.wait if section.group_wait is None else section.group_wait,
        interval=around.interval if section.group_interval is None else section.group_interval,
        repeat=around.repeat if section.repeat_interval is None else section.repeat_interval,
        mute_times=tuple(section.mute_times),
        routes=(),
    )
    below: list[Route] = []
    for one in section.routes:
        below.append(_route(one, own, _path(path, one, below)))
    return Route(
        own.path, own.receiver, own.matchers, own.continues, own.group_by, own.wait,
        own.interval, own.repeat, own.mute_times, tuple(below),
    )  # fmt: skip


def _path(around: str, section: RouteSection, before: Sequence[Route]) -> str:
    """A name that stays when other routes come and go; the same conditions again get a number."""
    conditions = ",".join(str(one) for one in _matchers(section.match, section.matchers))
    path = f"{around}/{{{conditions}}}"
    same = sum(route.path.partition("#")[0] == path for route in before)
    return f"{path}#{same}" if same else path


def _matchers(match: Mapping[str, str], matchers: Sequence[str]) -> tuple[Matcher, ...]:
    return (*equal_to(match), *(parse_matcher(text) for text in matchers))


def _inhibition(section: InhibitSection) -> Inhibition:
    return Inhibition(
        _matchers({}, section.source), _matchers({}, section.target), tuple(section.equal)
    )


def _mute_time(section: MuteTimeSection) -> MuteTime:
    hours = []
    for text in section.hours:
        begin, end = (int(part[:-3]) * 60 + int(part[-2:]) for part in text.split("-"))
        hours.append((begin, end))
    days = frozenset(_DAYS.index(day) for day in section.days)
    return MuteTime(days, tuple(hours), ZoneInfo(section.zone))


def _escalation(section: EscalationSection) -> Escalation:
    matchers = _matchers(section.match, section.matchers)
    steps = sorted((step.after, number, step.receiver) for number, step in enumerate(section.steps))
    return Escalation(
        matchers or equal_to({"severity": "critical"}),
        tuple((after, receiver) for after, _, receiver in steps),
    )
