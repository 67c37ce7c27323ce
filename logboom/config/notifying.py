"""Which settings say who is told of which alerts, when, and how often?"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from logboom.config.receiving import ReceiverSection
from logboom.config.section import Section
from logboom.config.units import Duration
from logboom.matching import equal_to, parse_matcher

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
_LEVELS_AT = (timedelta(minutes=5), timedelta(minutes=15), timedelta(minutes=30))


def _matcher(text: str) -> str:
    parse_matcher(text)
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is no time zone: write for example Asia/Seoul") from error
    return name


def _hours(text: str) -> str:
    match = _HOURS.fullmatch(text)
    if match is None or (int(match[3]) == 24 and match[4] != "00"):
        raise ValueError(f"{text!r} are no hours: write for example 22:00-06:00")
    return text


def _conditions(value: object) -> object:
    """A mapping of labels to values is a short form of matchers."""
    if isinstance(value, dict) and all(isinstance(part, str) for part in value.values()):
        return [str(matcher) for matcher in equal_to(value)]
    return [value] if isinstance(value, str) else value


MatcherText = Annotated[str, AfterValidator(_matcher)]
"""`label="value"` with one of `=`, `!=`, `=~`, `!~`."""
Conditions = Annotated[list[MatcherText], BeforeValidator(_conditions)]
"""Matchers, or a mapping of labels to the values that they must have."""
Zone = Annotated[str, AfterValidator(_zone)]
"""An IANA time zone."""


class RouteSection(Section):
    """Which alerts go to which receiver; what is not said is as in the route around it."""

    receiver: str | None = Field(None, description="Who is told.")
    match: dict[str, str] = Field(
        {}, description="Labels with the values that alerts must have to go this way."
    )
    matchers: list[MatcherText] = Field(
        [], description='Further conditions on labels: `service.name=~"shop-.*"`.'
    )
    continue_: bool = Field(
        False,
        alias="continue",
        description="Try the routes after this one, too; else the first that matches takes all.",
    )
    group_by: list[str] | None = Field(
        None,
        max_length=20,
        description="Alerts with the same values of these labels are told together; `[...]`: each"
        " alone. At the top: `[alertname, service.name]`.",
    )
    group_wait: Duration | None = Field(
        None,
        ge=timedelta(0),
        le=timedelta(days=1),
        description="The first message of a group waits so long for others; what ends meanwhile is not told.",
    )
    group_interval: Duration | None = Field(
        None,
        ge=timedelta(seconds=1),
        le=timedelta(days=1),
        description="What is new in a group waits until its last message is so long ago; what ends meanwhile is not told.",
    )
    repeat_interval: Duration | None = Field(
        None,
        ge=timedelta(minutes=1),
        le=timedelta(days=30),
        description="What fires still is told again after so long.",
    )
    mute_times: list[str] = Field([], description="Names of times at which nothing is told.")
    routes: list[RouteSection] = Field(
        [], max_length=200, description="Routes within this one, tried in order."
    )


class InhibitSection(Section):
    """Alerts that need not be told while others fire."""

    source: Conditions = Field(description="While an alert that matches these fires …")
    target: Conditions = Field(description="… alerts that match these are not told, …")
    equal: list[str] = Field([], description="… if these labels of both are the same.")


class MuteTimeSection(Section):
    """Times at which nothing is told."""

    name: str = Field(description="What routes call them.")
    days: list[Day] = Field([], description="Days of the week; none: every day.")
    hours: list[Annotated[str, AfterValidator(_hours)]] = Field(
        [],
        description="Times of the day, as 22:00-06:00, which goes on into the next day; none: all day.",
    )
    zone: Zone = Field("UTC", description="IANA time zone of the days and hours.")


class EscalationStepSection(Section):
    """Whom else an alert is told to."""

    after: Duration = Field(
        ge=timedelta(seconds=1), le=timedelta(days=7), description="When it was told so long ago."
    )
    receiver: str = Field(description="Who is told then.")


class EscalationSection(Section):
    """What happens to alerts that nobody acknowledges and that do not resolve."""

    match: dict[str, str] = Field({}, description="Labels that alerts must have; none: see below.")
    matchers: list[MatcherText] = Field(
        [],
        description='Further conditions; without any and without `match`: `severity="critical"`.',
    )
    steps: list[EscalationStepSection] = Field(
        [],
        max_length=10,
        description="Each with its time; the short form has 5, 15 and 30 minutes.",
    )


class DigestSection(Section):
    """One message a day about alerts of low severity."""

    at: str = Field(
        "09:00",
        pattern=r"^([01]\d|2[0-3]):[0-5]\d$",
        examples=["09:00"],
        description="Time of the day, as 09:00.",
    )
    zone: Zone = Field("UTC", description="IANA time zone of that time.")


def _escalation(value: object) -> object:
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        if len(value) > len(_LEVELS_AT):
            raise ValueError("has more than three levels: write {steps: [{after, receiver}, …]}")
        return {
            "steps": [
                {"after": after, "receiver": receiver}
                for after, receiver in zip(_LEVELS_AT, value, strict=False)
            ]
        }
    return value


class NotifyingSection(Section):
    """Who is told of alerts."""

    receivers: list[ReceiverSection] = Field(
        [], max_length=200, description="Those who can be told of alerts."
    )
    route: RouteSection | None = Field(
        None, description="Who is told of what; default: the first receiver of everything."
    )
    inhibit: list[InhibitSection] = Field(
        [], max_length=200, description="Alerts that need not be told while others fire."
    )
    mute_times: list[MuteTimeSection] = Field(
        [], max_length=200, description="Times at which nothing is told; routes name them."
    )
    escalation: Annotated[EscalationSection, BeforeValidator(_escalation)] = Field(
        default_factory=EscalationSection,
        description="Who else is told of alerts that nobody acknowledges: a section, or the names of"
        " up to three receivers, told after 5, 15 and 30 minutes.",
    )
    digest: DigestSection | None = Field(
        default_factory=DigestSection,
        description="When alerts of low severity are told, all in one; null: as those of medium.",
    )

    @field_validator("receivers")
    @classmethod
    def _names_differ(cls, value: list[ReceiverSection]) -> list[ReceiverSection]:
        _refuse_twice("receivers", [one.name for one in value])
        return value

    @field_validator("mute_times")
    @classmethod
    def _times_differ(cls, value: list[MuteTimeSection]) -> list[MuteTimeSection]:
        _refuse_twice("mute times", [one.name for one in value])
        return value

    @model_validator(mode="after")
    def _names_are_known(self) -> NotifyingSection:
        receivers = [one.name for one in self.receivers]
        times = [one.name for one in self.mute_times]
        routes = [] if self.route is None else list(_all_routes(self.route))
        for route in routes:
            if route.receiver is not None:
                _refuse_unknown("receiver", route.receiver, receivers)
            for name in route.mute_times:
                _refuse_unknown("mute time", name, times)
        for step in self.escalation.steps:
            _refuse_unknown("receiver", step.receiver, receivers)
        if self.route is not None:
            _check_top(self.route)
        return self


def _check_top(route: RouteSection) -> None:
    if route.receiver is None:
        raise ValueError("route needs a `receiver`: it gets what no other route takes")
    if route.match or route.matchers or route.continue_:
        raise ValueError("route takes every alert: conditions and continue go into its `routes`")


def _all_routes(route: RouteSection) -> Iterator[RouteSection]:
    yield route
    for below in route.routes:
        yield from _all_routes(below)


def _refuse_twice(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"there are two {what} named {name}")
        seen.add(name)


def _refuse_unknown(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"
        raise ValueError(f"there is no {what} named {name} ({hint})")
