"""How is a timestamp's text turned into microseconds, cheaply and a million times over?"""

from __future__ import annotations

from datetime import UTC, date, datetime

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = datetime.resolution
_REMEMBERED = 100_000


def day_start_us(day: date) -> int:
    """The first microsecond of a UTC day, since the epoch."""
    return (day.toordinal() - _EPOCH.toordinal()) * DAY_US


def parse_us(text: str) -> int:
    """Microseconds since the epoch of an ISO 8601 timestamp that names its zone.

    Raises:
        ValueError: The text is no such timestamp.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} does not name its zone")
    return (moment - _EPOCH) // _MICROSECOND


class Timestamps:
    """Reads timestamps, remembering the seconds and the fractions it has seen.

    Logs repeat seconds a lot, and there are but a thousand milliseconds.
    """

    def __init__(self) -> None:
        self._seconds: dict[str, int] = {}
        self._fractions: dict[str, int] = {}

    def epoch_us(self, text: str) -> int:
        """Like `parse_us`, several times faster on ``2026-11-21T04:09:00.123Z``."""
        try:
            return self._seconds[text[:19]] + self._fractions[text[19:]]
        except KeyError:
            return self._learn(text)

    def _learn(self, text: str) -> int:
        time_us = parse_us(text)
        second, rest = text[:19], text[19:]
        if rest.endswith("Z") and (rest == "Z" or rest[0] == "."):
            second_us = parse_us(second + "Z")
            _remember(self._seconds, second, second_us)
            _remember(self._fractions, rest, time_us - second_us)
        return time_us


def _remember(known: dict[str, int], text: str, number: int) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[text] = number
