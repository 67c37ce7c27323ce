"""What do Alertmanager's time intervals say in our terms?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from logboom.importing.located import Located
from logboom.importing.translation import Note, Settings, as_list

_DAYS: Final = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_WITHOUT_EQUAL: Final = ("days_of_month", "months", "years")


def mute_times_of(
    intervals: Iterable[Located], notes: list[Note]
) -> tuple[list[dict[str, Any]], Mapping[str, list[str]]]:
    """Our mute times, and the names that stand for each of theirs: one for each of its parts."""
    made: list[dict[str, Any]] = []
    names: dict[str, list[str]] = {}
    for interval in intervals:
        name = str(interval.values.get("name"))
        for number, part in enumerate(as_list(interval.values.get("time_intervals")), 1):
            if not isinstance(part, Located):
                continue
            settings = Settings(
                part.values, part.lines, f"time interval {name}", notes, line=part.line
            )
            ours = name if number == 1 else f"{name} {number}"
            translated = _mute_time(settings, ours)
            if translated is not None:
                made.append(translated)
                names.setdefault(name, []).append(ours)
    return made, names


def _mute_time(settings: Settings, name: str) -> dict[str, Any] | None:
    for word in _WITHOUT_EQUAL:
        if word in settings:
            settings.note(word, "has no equal: these times are left out")
            return None
    made: dict[str, Any] = {"name": name}
    days = [day for text in as_list(settings.take("weekdays")) for day in _days(str(text))]
    if days:
        made["days"] = days
    hours = [
        f"{one.values.get('start_time')}-{one.values.get('end_time')}"
        for one in as_list(settings.take("times"))
        if isinstance(one, Located)
    ]
    if hours:
        made["hours"] = hours
    zone = settings.take("location")
    if zone is not None:
        made["zone"] = str(zone)
    settings.finish()
    return made


def _days(text: str) -> Sequence[str]:
    """`monday:friday` as `[mon, tue, wed, thu, fri]`."""
    begin, _, end = text.lower().partition(":")
    if begin not in _DAYS or (end and end not in _DAYS):
        return []
    first, last = _DAYS.index(begin), _DAYS.index(end or begin)
    return [day[:3] for day in _DAYS[first : last + 1]]
