"""How is a timestamp's text turned into microseconds, cheaply and a million times over?"""

from __future__ import annotations

from datetime import UTC, date, datetime

DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = datetime.resolution
_REMEMBERED_SECONDS = 100_000


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
    """Reads timestamps, remembering the seconds it has seen: logs repeat them a lot."""

    def __init__(self) -> None:
        self._seconds: dict[str, int] = {}

    def epoch_us(self, text: str) -> int:
        """Like `parse_us`, several times faster on ``2026-11-21T04:09:00.123Z``."""
        if len(text) < 20 or text[-1] != "Z" or text[19] not in ".Z":
            return parse_us(text)
        second = self._seconds.get(text[:19])
        if second is None:
            second = self._remember(text[:19])
        fraction = text[20:-1]
        if not fraction:
            return second
        if not (fraction.isascii() and fraction.isdecimal()):
            raise ValueError(f"{text!r} is not a timestamp")
        return second + int(fraction[:6].ljust(6, "0"))

    def _remember(self, text: str) -> int:
        if len(self._seconds) >= _REMEMBERED_SECONDS:
            self._seconds.clear()
        second = self._seconds[text] = parse_us(text + "Z")
        return second
