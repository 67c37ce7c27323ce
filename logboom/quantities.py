"""How is a number told to people, in the unit of what is measured?"""

from __future__ import annotations

from typing import Final

_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}
_SIZES: Final = ((2.0**40, "TiB"), (2.0**30, "GiB"), (2.0**20, "MiB"), (2.0**10, "KiB"))
_NOTHING: Final = "nothing"


def quantity(value: float | None, unit: str) -> str:
    """A measured value as people read it: `8.3%`, `1.2 s`, `0.5/s`, `3x`, `1.5 MiB`, `1,234`.

    Args:
        value: In the unit; None: nothing could be measured.
        unit: As `Condition.unit` says it; others have no sign of their own.
    """
    if unit in _SECONDS:
        return duration(value, unit)
    match unit:
        case "share":
            return percent(value)
        case "bytes":
            return size_text(value)
        case "per_second" | "times" if value is not None:
            return f"{number(value)}{'x' if unit == 'times' else '/s'}"
    return number(value)


def percent(value: float | None) -> str:
    """0.1234 as `12.3%`."""
    return _NOTHING if value is None else f"{_short(value * 100)}%"


def number(value: float | None) -> str:
    """1234567.8 as `1,234,568`; small ones with three digits."""
    if value is None:
        return _NOTHING
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else _short(value)


def duration(value: float | None, unit: str = "s") -> str:
    """A time in words: `1.5 s`, `250 ms`, `3m20s`.

    Args:
        value: How long.
        unit: `ns`, `us`, `ms` or `s`; others mean seconds.
    """
    if value is None:
        return _NOTHING
    seconds = float(value) * _SECONDS.get(unit, 1.0)
    if abs(seconds) >= 120:
        minutes, rest = divmod(round(seconds), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}h{minutes}m" if hours else f"{minutes}m{rest}s"
    for size, name in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if abs(seconds) >= size:
            return f"{_short(seconds / size)} {name}"
    return f"{_short(seconds * 1e9)} ns"


def size_text(value: float | None) -> str:
    """A number of bytes: `17 B`, `1.5 MiB`."""
    if value is None:
        return _NOTHING
    for factor, name in _SIZES:
        if abs(value) >= factor:
            return f"{value / factor:.1f} {name}"
    return f"{value:.0f} B"


def _short(value: float) -> str:
    """Three digits, none of them an idle zero."""
    text = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return f"{float(text):g}"


def days_text(count: int) -> str:
    """The word behind a number of days."""
    return "day" if count == 1 else "days"
