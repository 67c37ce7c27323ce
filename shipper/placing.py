"""Where in the event does a named value go, and in which form?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

import ciso8601

from logboom.clock import utc_text
from logboom.fields import EVENT_FIELDS, FieldType
from logboom.levels import level_of
from logboom.spellings import DURATION_NS, SPELLINGS
from shipper.addresses import is_address
from shipper.parsers.moments import Ambiguous
from shipper.parsers.timestamps import TIME_AMBIGUOUS, read_time

_Fit = Callable[[Any, tzinfo, int], Any]

TARGETS: Final = {**SPELLINGS, **{field: field for field in EVENT_FIELDS}}
"""Every name that is known → where its value goes: a field, or a duration of some unit."""


TRACE_PARENT: Final = "traceparent"
_TRACE_PARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}").fullmatch
_DURATION = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s?(ns|us|µs|μs|ms|s|m|h)")
_UNITS_NS: Final = {
    "ns": 1, "us": 1000, "µs": 1000, "μs": 1000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "h": 3_600_000_000_000,
}  # fmt: skip


class Place:
    """One field of the event.

    Args:
        path: Its nested names.
        fit: (value, zone, read time in ns) → the value as the field wants it, or None when it is
            not of the field's type.
    """

    __slots__ = ("fit", "holder", "leaf", "path")

    def __init__(self, path: tuple[str, ...], fit: _Fit) -> None:
        self.path = path
        self.fit = fit
        self.holder = path[0] if len(path) == 2 else None
        self.leaf = path[-1]

    def take(self, event: dict[str, Any], value: object, zone: tzinfo, read_ns: int) -> bool:
        """Puts a value there; False when it does not fit, or the place is taken."""
        fitted = self.fit(value, zone, read_ns)
        if fitted is None:
            return False
        holder_name = self.holder
        if holder_name is None:
            return put(event, self.path, fitted)
        holder = event.get(holder_name)
        if holder is None:
            event[holder_name] = {self.leaf: fitted}
            return True
        if self.leaf in holder:
            return False
        holder[self.leaf] = fitted
        return True


class _AddressPlace(Place):
    """`client.ip` takes addresses only; names go to `client.address`."""

    __slots__ = ()

    def take(self, event: dict[str, Any], value: object, zone: tzinfo, read_ns: int) -> bool:  # noqa: ARG002 - as in Place
        """Puts an address or a name where it belongs."""
        if not isinstance(value, str) or not value:
            return False
        return put(event, ("client", "ip" if is_address(value) else "address"), value)


class _TraceParentPlace(Place):
    """W3C's `traceparent` names a trace and a span."""

    __slots__ = ()

    def take(self, event: dict[str, Any], value: object, zone: tzinfo, read_ns: int) -> bool:  # noqa: ARG002 - as in Place
        """Puts both ids where they belong; False when there is a trace id already."""
        found = _TRACE_PARENT(value) if isinstance(value, str) else None
        if found is None or not put(event, ("trace", "id"), found[1]):
            return False
        put(event, ("span", "id"), found[2])
        return True


def places() -> dict[str, Place]:
    """Every spelling that is known, and every field's own name → its place."""
    table: dict[str, Place] = {}
    for name, target in TARGETS.items():
        if target == TRACE_PARENT:
            table[name] = _TraceParentPlace(("trace", "id"), timestamp_text)
            continue
        place = _place(target)
        kind = _KINDS.get(target, Place)
        table[name] = place if kind is Place else kind(place.path, place.fit)
    return table


def put(event: dict[str, Any], path: tuple[str, ...], value: object) -> bool:
    """Sets a nested value that is not set yet; False when it is."""
    holder = event
    for name in path[:-1]:
        inner = holder.get(name)
        if inner is None:
            inner = holder[name] = {}
        holder = inner
    last = path[-1]
    if last in holder:
        return False
    holder[last] = value
    return True


def _place(target: str) -> Place:
    if target in DURATION_NS:
        factor = DURATION_NS[target]
        return Place(("event", "duration"), lambda value, _zone, _read: duration_ns(value, factor))
    path = tuple(target.split("."))
    special: dict[str, _Fit] = {
        "@timestamp": timestamp_text,
        "log.level": lambda value, _zone, _read: level_of(value),
        "tags": lambda value, _zone, _read: _tags(value),
        "message": lambda value, _zone, _read: value if type(value) is str else None,
        "trace.id": lambda value, _zone, _read: _name(value),
        "span.id": lambda value, _zone, _read: _name(value),
        "user.id": lambda value, _zone, _read: _name(value),
    }
    if target in special:
        return Place(path, special[target])
    if EVENT_FIELDS[target] is FieldType.LONG:
        return Place(path, lambda value, _zone, _read: _whole_number(value))
    return Place(path, lambda value, _zone, _read: (value or None) if type(value) is str else None)


def timestamp_text(value: object, zone: tzinfo, read_ns: int) -> str | None:
    """A time in any form as ISO 8601 in UTC; None when it is none, or can be two instants."""
    if (
        type(value) is str
        and len(value) == 24
        and value[23] == "Z"
        and value[19] == "."
        and value[10] == "T"
    ):
        try:
            ciso8601.parse_datetime(value)
        except ValueError:
            return None
        return value  # it is as we write it already
    moment = read_time(value, zone=zone, reference_ns=read_ns)
    return _utc_text(moment) if isinstance(moment, int) else None


def duration_ns(value: object, factor: int) -> int | None:
    """A duration in ns; None when the value is no duration.

    Args:
        value: A number, or a text that names its units: ``1.5ms``, ``1m3.2s``.
        factor: ns in one unit of a number.
    """
    if isinstance(value, str):
        return _duration_of(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        return None
    return min(round(value * factor), 2**63 - 1)


class _TimePlace(Place):
    """`@timestamp`; of a local time that can be two instants, a tag tells."""

    __slots__ = ()

    def take(self, event: dict[str, Any], value: object, zone: tzinfo, read_ns: int) -> bool:
        """Puts the time there; False when it is none, or there is one."""
        if "@timestamp" in event:
            return False
        text = timestamp_text(value, zone, read_ns)
        if text is None:
            found = read_time(value, zone=zone, reference_ns=read_ns)
            text = _utc_text(found.nearest(read_ns)) if isinstance(found, Ambiguous) else None
            if text is None:
                return False
            event["tags"] = [*event.get("tags", ()), TIME_AMBIGUOUS]
        event["@timestamp"] = text
        return True


class _TagsPlace(Place):
    """`tags`; those that are there stay."""

    __slots__ = ()

    def take(self, event: dict[str, Any], value: object, zone: tzinfo, read_ns: int) -> bool:  # noqa: ARG002 - as in Place
        """Adds tags; False when the value is no list of them."""
        tags = _tags(value)
        if tags is None:
            return False
        event["tags"] = [*event.get("tags", ()), *tags]
        return True


_KINDS: Final[Mapping[str, type[Place]]] = MappingProxyType(
    {"client.ip": _AddressPlace, "@timestamp": _TimePlace, "tags": _TagsPlace}
)


def _duration_of(text: str) -> int | None:
    total, end = 0.0, 0
    for part in _DURATION.finditer(text[:64]):
        if part.start() != end:
            return None
        total, end = total + float(part[1]) * _UNITS_NS[part[2]], part.end()
    return round(total) if end and end == len(text) and total < 2**63 else None


def _tags(value: object) -> list[str] | None:
    if isinstance(value, list) and all(isinstance(tag, str) for tag in value):
        return value
    return None


def _name(value: object) -> str | None:
    if type(value) is str:
        return value or None
    return str(value) if type(value) is int else None


def _whole_number(value: object) -> int | None:
    if type(value) is int:
        return value if -(2**63) <= value < 2**63 else None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return None


@lru_cache(maxsize=1024)
def _second_text(second: int) -> str:
    return utc_text(second * 1_000_000_000)[:19]


def _utc_text(epoch_ns: int) -> str | None:
    second, fraction = divmod(epoch_ns, 1_000_000_000)
    if not -62_135_596_800 <= second < 253_402_300_800:
        return None
    if fraction % 1_000_000 == 0:
        return f"{_second_text(second)}.{fraction // 1_000_000:03d}Z"
    return utc_text(epoch_ns)
