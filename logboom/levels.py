"""How do people and loggers call the six levels?"""

from __future__ import annotations

_NAMES: dict[str, tuple[str, ...]] = {
    "trace": ("trace", "trc", "verbose", "finest", "finer", "all", "silly"),
    "debug": ("debug", "dbg", "fine", "config", "d"),
    "info": ("info", "inf", "information", "informational", "notice", "log", "default", "http", "i"),
    "warn": ("warn", "warning", "wrn", "w"),
    "error": ("error", "err", "eror", "severe", "e"),
    "fatal": ("fatal", "ftl", "critical", "crit", "panic", "dpanic", "emerg", "emergency", "alert", "f"),
}  # fmt: skip
_BY_NAME = {name: level for level, names in _NAMES.items() for name in names}
LEVEL_NAMES = tuple(_BY_NAME)
"""Every known spelling, in lower case; the most usual ones first within their level."""
_BY_NUMBER = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}


def level_of(value: object) -> str | None:
    """The level that is meant: one of trace debug info warn error fatal; None when unknown.

    Args:
        value: A name in any case, or a number of pino's and Bunyan's scale.
    """
    if isinstance(value, str):
        known = _BY_NAME.get(value) or _BY_NAME.get(value.strip().lower())
        if known is None and len(value) < 4 and value.isascii() and value.isdigit():
            return _BY_NUMBER.get(int(value))
        return known
    if isinstance(value, int) and not isinstance(value, bool):
        return _BY_NUMBER.get(value)
    return None
