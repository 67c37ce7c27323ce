"""What does an alertmanager.yml say in our terms?

Source: https://prometheus.io/docs/alerting/latest/configuration/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from logboom.importing.alertmanager_receivers import receivers_of
from logboom.importing.alertmanager_times import mute_times_of
from logboom.importing.located import Located, read_located
from logboom.importing.promql import label_of
from logboom.importing.translation import Note, Settings, Translation, as_list, reference
from logboom.matching import Matcher, equal_to, parse_matcher

NEVER: Final = "always quiet"
"""The mute time of routes to receivers that tell nobody."""

_TOP_DEFAULTS: Final = {
    "group_by": [], "group_wait": "30s", "group_interval": "5m", "repeat_interval": "4h",
}  # fmt: skip
_TIMES: Final = ("group_wait", "group_interval", "repeat_interval")
_PARTS = re.compile(r',(?=(?:[^"\\]|\\.|"(?:[^"\\]|\\.)*")*\Z)')


@dataclass
class _Known:
    """What routes may name: our names of each receiver and of each time, and where notes go."""

    receivers: Mapping[str, list[str]]
    times: Mapping[str, list[str]]
    notes: list[Note]
    silent: list[str] = field(default_factory=list)


def import_alertmanager(text: str, *, origin: str) -> Translation:
    """Translates a configuration of Prometheus Alertmanager.

    Raises:
        ConfigError: The file is no YAML.
    """
    notes: list[Note] = []
    top = read_located(text, origin=origin)
    common = _section(top, "global", notes)
    receivers, names = receivers_of(_parts(top, "receivers"), common, notes)
    times, known_times = mute_times_of(
        [*_parts(top, "time_intervals"), *_parts(top, "mute_time_intervals")], notes
    )
    known = _Known(names, known_times, notes)
    section: dict[str, Any] = {"receivers": receivers}
    route = _section(top, "route", notes)
    if receivers:
        section["route"] = {**_TOP_DEFAULTS, **_route(route, known, receivers)}
    inhibit = [_inhibit(_of(one, "inhibit_rules", notes)) for one in _parts(top, "inhibit_rules")]
    if inhibit:
        section["inhibit"] = inhibit
    if known.silent:
        times.append({"name": NEVER})
    if times:
        section["mute_times"] = times
    _tell_of_the_rest(top, common, notes)
    return Translation({"alerts": section}, sorted(notes, key=lambda note: note.line))


def _route(
    settings: Settings, known: _Known, receivers: list[dict[str, Any]], *, top: bool = True
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    matchers = _matchers(settings, "")
    if matchers and top:
        settings.note("match", "is left out: the route at the top takes every alert")
    elif matchers:
        made["matchers"] = matchers
    ours = _receiver(settings, made, known, receivers, top=top)
    if "group_by" in settings:
        made["group_by"] = [label_of(str(name)) for name in as_list(settings.take("group_by"))]
    made |= {name: str(settings.take(name)) for name in _TIMES if name in settings}
    muted = [
        t
        for name in as_list(settings.take("mute_time_intervals"))
        for t in _time(settings, str(name), known)
    ]
    if muted:
        made["mute_times"] = [*made.get("mute_times", []), *muted]
    settings.ignore(["active_time_intervals"], "there are only times at which nothing is told")
    if settings.take("continue", default=False) is True:
        made["continue"] = True
    below = _below(settings, known, receivers)
    below += _others(settings, ours, below, muted)
    if below:
        made["routes"] = below
    settings.finish()
    return made


def _receiver(
    settings: Settings, made: dict[str, Any], known: _Known, receivers: list[dict[str, Any]], *,
    top: bool,
) -> list[str]:  # fmt: skip
    """Sets whom a route tells; the names of all that its receiver has become."""
    named = settings.take("receiver")
    ours = [] if named is None else known.receivers.get(str(named), [])
    if ours:
        made["receiver"] = ours[0]
    elif named is not None:
        _nobody(settings, str(named), made, known, receivers)
    elif top and receivers:
        made["receiver"] = receivers[0]["name"]
    return ours


def _others(
    settings: Settings, ours: list[str], below: list[dict[str, Any]], muted: list[str]
) -> list[dict[str, Any]]:
    """Routes behind all others, so that each of several ways to tell gets what is left.

    Mute times hold for a route alone, not for those within it, so each of these has them.
    """
    if len(ours) < 2:
        return []
    if any(route.get("continue") for route in below):
        settings.note("routes", "some go on: what they take is told by this route, too")
    times: dict[str, Any] = {"mute_times": muted} if muted else {}
    others = ({"receiver": name, "continue": True, **times} for name in ours[1:])
    return [*others, {"receiver": ours[0], **times}]


def _below(
    settings: Settings, known: _Known, receivers: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    return [
        _route(_of(one, "routes", known.notes), known, receivers, top=False)
        for one in as_list(settings.take("routes"))
        if isinstance(one, Located)
    ]


def _nobody(
    settings: Settings, named: str, made: dict[str, Any], known: _Known,
    receivers: list[dict[str, Any]],
) -> None:  # fmt: skip
    """A receiver without any way to tell is a route that is always quiet."""
    settings.note("receiver", f"{named!r} tells nobody: the route is never told")
    known.silent.append(named)
    made["mute_times"] = [NEVER]
    if receivers:
        made["receiver"] = receivers[0]["name"]


def _time(settings: Settings, name: str, known: _Known) -> list[str]:
    found = known.times.get(name)
    if not found:
        settings.note("mute_time_intervals", f"{name!r} is not translated: it has no equal")
    return list(found or ())


def _inhibit(settings: Settings) -> dict[str, Any]:
    made: dict[str, Any] = {
        "source": _matchers(settings, "source_"), "target": _matchers(settings, "target_"),
    }  # fmt: skip
    equal = [label_of(str(name)) for name in as_list(settings.take("equal"))]
    if equal:
        made["equal"] = equal
    settings.finish()
    return made


def _matchers(settings: Settings, prefix: str) -> list[str]:
    """`match`, `match_re` and `matchers` as our matchers."""
    wanted = settings.take_below(f"{prefix}match")
    found = [_ours(one) for one in equal_to({k: str(v) for k, v in wanted.items()})]
    for name, value in settings.take_below(f"{prefix}match_re").items():
        found.append(_ours(parse_matcher(f"{name}=~{value}")))
    for text in as_list(settings.take(f"{prefix}matchers")):
        for part in _PARTS.split(str(text).strip().removeprefix("{").removesuffix("}")):
            try:
                found += [_ours(parse_matcher(part))] if part.strip() else []
            except ValueError:
                settings.note(f"{prefix}matchers", f"{part!r} is not translated: it is no matcher")
    return found


def _ours(matcher: Matcher) -> str:
    return str(replace(matcher, label=label_of(matcher.label)))


def _parts(top: Located, name: str) -> list[Located]:
    return [one for one in as_list(top.values.get(name)) if isinstance(one, Located)]


def _of(part: Located, title: str, notes: list[Note]) -> Settings:
    return Settings(part.values, part.lines, title, notes, line=part.line)


def _section(top: Located, name: str, notes: list[Note]) -> Settings:
    front = f"{name}."
    values = {k.removeprefix(front): v for k, v in top.values.items() if k.startswith(front)}
    lines = {k.removeprefix(front): v for k, v in top.lines.items() if k.startswith(front)}
    return Settings(values, lines, name, notes, line=min(lines.values(), default=0))


def _tell_of_the_rest(top: Located, common: Settings, notes: list[Note]) -> None:
    common.ignore(["resolve_timeout"], "an alert here says itself when it has resolved")
    common.finish()
    known = {
        "global",
        "route",
        "receivers",
        "inhibit_rules",
        "time_intervals",
        "mute_time_intervals",
    }
    for name, line in top.lines.items():
        first = name.partition(".")[0]
        if first == "templates":
            notes.append(Note(line, "`templates` is left out: messages have words of their own"))
        elif first not in known:
            notes.append(Note(line, f"`{reference(name)}` is not translated"))
