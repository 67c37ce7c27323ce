"""What is an event, what is its id, and on which day does it belong?

An event is the JSON object of one log entry with ECS's field names, nested (`{"log": {"level": …}}`).
It travels as bytes; `Event` is its decoded form. docs/events.md lists the fields.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

Event = dict[str, Any]
"""One log entry, decoded. The only place where an untyped dict crosses a boundary."""

SOURCE_RUN_LENGTH = 13
_OFFSET_DIGITS = 9
_ALPHABET = "0123456789abcdefghijklmnopqrstuv"  # base32hex: sorts as the numbers do
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
MAX_OFFSET = 32**_OFFSET_DIGITS - 1

TIME_OUT_OF_RANGE = "time_out_of_range"
_FUTURE_TOLERANCE = timedelta(days=1)


def source_run(source_id: str, epoch: int) -> str:
    """Names one life of a source: the bytes between two truncations.

    Args:
        source_id: Opaque, unique id of the source, given when it was first seen.
        epoch: How often the source has begun anew from offset 0.

    Returns:
        13 characters of base32hex (65 bits of BLAKE2b), the same for the same arguments everywhere.
    """
    digest = blake2b(f"{source_id}\0{epoch}".encode(), digest_size=9).digest()
    return encode_base32hex(int.from_bytes(digest, "big") >> 7, SOURCE_RUN_LENGTH)


def event_id(run: str, offset: int) -> str:
    """The id of the event that starts at `offset` of a source's run.

    Ids of one run sort as their offsets do: stores compress them well, and a document's existence
    is answered without a look at old segments.

    Args:
        run: What `source_run` gave.
        offset: First byte of the event in its source, 0 to `MAX_OFFSET`.

    Returns:
        22 characters, unique per event.
    """
    # Nine digits, spelled out: this runs once for every event.
    return (
        run
        + _ALPHABET[offset >> 40 & 31]
        + _PAIRS[offset >> 30 & 1023]
        + _PAIRS[offset >> 20 & 1023]
        + _PAIRS[offset >> 10 & 1023]
        + _PAIRS[offset & 1023]
    )


def event_ids(run: str, offsets: Iterable[int]) -> list[str]:
    """The ids of many events of one run: `event_id` of each offset."""
    block, prefix, ids = -1, "", []
    for offset in offsets:
        if offset >> 20 != block:
            block, prefix = offset >> 20, event_id(run, offset)[:-4]
        ids.append(prefix + _PAIRS[offset >> 10 & 1023] + _PAIRS[offset & 1023])
    return ids


def encode_base32hex(number: int, digits: int) -> str:
    """Writes a non-negative number with exactly `digits` digits of base32hex."""
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in range(digits - 1, -1, -1))


_SLOW = b" "


def encode_event(event: Event) -> bytes:
    """Writes an event as one line of JSON.

    It begins with a space when only the standard library reads it back without loss: it has numbers
    beyond 64 bits, unpaired surrogates, or great depth.

    Raises:
        ValueError: The event is not JSON: its types, its depth.
    """
    try:
        return orjson.dumps(event)
    except TypeError:
        try:
            return _SLOW + json.dumps(event, separators=(",", ":"), allow_nan=False).encode()
        except (TypeError, RecursionError) as error:
            raise ValueError(f"the event cannot be written as JSON: {error}") from error


def decode_json(line: bytes) -> Any:  # noqa: ANN401 - JSON
    """Reads what `encode_event` wrote; and numbers beyond all bounds, which others may write."""
    if not is_slow(line):
        try:
            return orjson.loads(line)
        except orjson.JSONDecodeError:
            pass  # the standard library reads a little more
    return json.loads(line)


def is_slow(line: bytes) -> bool:
    """True for a line that only the standard library reads without loss."""
    return line.startswith(_SLOW)


class IndexDays:
    """Which day's index does an event belong to?

    The answer depends on the event alone, never on the present, so that a replay gives the same.

    Args:
        retention: How far back from its read time an event may lie.
    """

    def __init__(self, retention: timedelta) -> None:
        self._retention = retention

    def day(self, timestamp: str, created: str) -> tuple[str, bool]:
        """The day of an event.

        Args:
            timestamp: Its event time, as the normaliser writes it: ISO 8601 in UTC with ``Z``.
            created: Its read time, likewise.

        Returns:
            The day as ``YYYY-MM-DD``, and whether the event time lies outside
            [read time - retention, read time + 1 day]; then the day is that of the read time.

        Raises:
            ValueError: When the read time is malformed: the event was not normalised.
        """
        own, read = timestamp[:10], created[:10]
        if own == read and len(timestamp) >= 20 and _is_day(own):
            return own, False
        read_time = datetime.fromisoformat(created)
        if not _is_day(read):
            raise ValueError(f"a time that does not begin with its day: {created}")
        try:
            own_time = datetime.fromisoformat(timestamp)
            is_near = read_time - self._retention <= own_time <= read_time + _FUTURE_TOLERANCE
            if is_near and _is_day(own):
                return own, False
        except (ValueError, TypeError, OverflowError):
            pass  # not a time at all, or of the first or last year: as far out of range as can be
        return read, True

    def has_whole(self, day: str, created: str) -> bool:
        """True when all events of a day are in its index, however early or late on it.

        Args:
            day: As ``YYYY-MM-DD``.
            created: Their read time, as for `day`.
        """
        ends = (f"{day}T00:00:00.000Z", f"{day}T23:59:59.999999999Z")
        return all(self.day(end, created) == (day, False) for end in ends)


@lru_cache(maxsize=64)
def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def value_at(event: Event, name: str) -> Any:  # noqa: ANN401 - JSON
    """The value under a dotted name; None where there is none."""
    value: Any = event
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def stored_at(event: Event, path: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    """The value under the parts of a dotted name, some of which may be one key of an application's own.

    Returns:
        None where there is none.
    """
    value: Any = event
    for number, part in enumerate(path):
        if not isinstance(value, dict):
            return None
        whole = value.get(".".join(path[number:]))
        if whole is not None:
            return whole
        value = value.get(part)
    return value


def epoch_us(timestamp: str) -> int:
    """Microseconds since the epoch of an ISO 8601 timestamp; digits beyond are cut off.

    Args:
        timestamp: In UTC where it does not say otherwise.

    Raises:
        ValueError: When the text is no ISO 8601 timestamp.
    """
    moment = datetime.fromisoformat(timestamp)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MICROSECOND


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
