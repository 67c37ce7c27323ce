"""In which order was everything stored, over all days?

The documents of a day are a log: each has its number, and a reader sees them as soon as they are
durable, before the index does. So a place is a number for each day that was written to lately. A day
that a place does not name was silent for a while before it; if it is written to again, what is new in it
is found by its index time, which rises over all days, as one process at a time writes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from xxhash import xxh32_hexdigest

from logboom.errors import QueryError, StoreDamaged
from logboom.event import Event, epoch_us
from logboom.store.arrivals import Arrival, Arrived
from logboom.store.local.document_reader import DocumentReader
from logboom.store.local.documents import DATA_NAME
from logboom.store.local.folders import NOT_OF_A_DAY, DayFolder, StoreFolder
from logboom.store.local.serial import decode, event_of
from logboom.store.stored_events import with_id

_NAMED_FOR_US = 60_000_000
"""A day that was written to within this time before a place is named in it."""
_MARGIN_US = 30_000_000
_READ_AT_ONCE = 256
_BEGINNING_BYTES = 64
_Run = Callable[[Callable[[], Any]], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """How far everything was read.

    Attributes:
        ingested_us: The latest index time that was seen, µs since the epoch.
        changed_us: When the files of days were last written to, by the file system's clock.
        numbers: By the name of a day, the number of the next document there.
    """

    ingested_us: int
    changed_us: int
    numbers: Mapping[str, int]

    def text(self) -> str:
        """As clients keep it."""
        numbers = ",".join(f"{name}.{number}" for name, number in self.numbers.items())
        return f"{self.ingested_us}-{self.changed_us}-{numbers}"

    @classmethod
    def parse(cls, text: str) -> Place:
        """Reads what `text` wrote.

        Raises:
            QueryError: It is something else.
        """
        ingested, _, behind = text.partition("-")
        changed, separator, rest = behind.partition("-")
        pairs = [part.rpartition(".") for part in rest.split(",") if part]
        numbers = [ingested, changed, *(number for _, _, number in pairs)]
        if not separator or not all(n.isascii() and n.isdigit() and len(n) < 19 for n in numbers):
            raise QueryError(
                f"{text[:100]!r} is no place in what has arrived",
                suggestion="send the id of the last event as it came, or none",
            )
        named = {name: int(number) for name, _, number in pairs}
        return cls(int(ingested), int(changed), named)


class LocalArrivals:
    """The embedded store's `Arrivals`.

    Args:
        folder: Has the days.
        run: Does work in a thread.
    """

    def __init__(self, folder: StoreFolder, run: _Run) -> None:
        self._folder = folder
        self._run = run
        self._logs: dict[str, _Log] = {}

    async def end(self) -> str:
        """See `Arrivals.end`."""
        text: str = await self._run(lambda: _end(self._open()).text())
        return text

    async def after(self, place: str, *, most: int, most_waiting: int) -> Arrived:
        """See `Arrivals.after`."""
        since = Place.parse(place)
        arrived: Arrived = await self._run(
            lambda: _after(self._open(), since, most=most, most_waiting=most_waiting)
        )
        return arrived

    def _open(self) -> Sequence[_Log]:
        """The days with what they hold now, ascending."""
        before = self._logs
        logs = [_opened(folder, before.get(folder.name)) for folder in self._folder.days()]
        self._logs = {log.folder: log for log in logs if log is not None}
        return tuple(self._logs.values())


class _Stored(NamedTuple):
    """A document with its number."""

    number: int
    line: bytes
    name: str
    event: Event


@dataclass(frozen=True, slots=True)
class _Log:
    """A day's documents.

    Attributes:
        folder: Name of its folder.
        name: Of the day and its file: a day that was dropped and came again has another one.
        changed_us: When it was last written to, µs since the epoch.
        size: Bytes of its file.
        count: Documents that it holds.
    """

    folder: str
    name: str
    changed_us: int
    size: int
    count: int
    reader: DocumentReader

    def stored(self, begin: int, end: int) -> Iterator[_Stored]:
        """Documents by their numbers; those that cannot be read are left out: searches tell."""
        for start in range(begin, end, _READ_AT_ONCE):
            numbers = range(start, min(end, start + _READ_AT_ONCE))
            for number, line in zip(numbers, self.reader.read(numbers), strict=True):
                one = None if isinstance(line, StoreDamaged) else _stored(number, line)
                if one is not None:
                    yield one

    def first_since(self, ingested_us: int) -> int:
        """The number of the first document that was indexed at a time or later."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            moments = [_ingested_us(one.event) for one in self.stored(middle, middle + 1)]
            if moments and moments[0] < ingested_us:
                low = middle + 1
            else:
                high = middle
        return low


def _stored(number: int, line: bytes) -> _Stored | None:
    try:
        return _Stored(number, line, *decode(line))
    except ValueError:
        return None


def _opened(folder: DayFolder, before: _Log | None) -> _Log | None:
    """A day as it is now; None when it is gone."""
    try:
        status = (folder.path / DATA_NAME).stat()
        changed_us = status.st_mtime_ns // 1000
        if before is not None and (before.size, before.changed_us) == (status.st_size, changed_us):
            return before
        name = f"{folder.day:%Y%m%d}x{_beginning(folder)}"
        is_known = before is not None and before.name == name and before.reader.is_current()
        reader = before.reader if before is not None and is_known else DocumentReader(folder.path)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in NOT_OF_A_DAY:
            raise
        return before  # as far as it could be read; the store tells of it
    return _Log(folder.name, name, changed_us, status.st_size, reader.count(), reader)


def _beginning(folder: DayFolder) -> str:
    """Tells the documents of a day from others that it had before it was dropped.

    Their first bytes do, as no two begin with the same event; an inode is used again at once.
    """
    with (folder.path / DATA_NAME).open("rb") as file:
        first = file.read(_BEGINNING_BYTES)
    return xxh32_hexdigest(first) if len(first) == _BEGINNING_BYTES else "0"


def _end(logs: Sequence[_Log]) -> Place:
    latest = max(logs, key=lambda log: log.changed_us, default=None)
    last = () if latest is None else latest.stored(max(0, latest.count - 1), latest.count)
    ingested_us = max((_ingested_us(one.event) for one in last), default=0)
    return _place(ingested_us, logs, {log.name: log.count for log in logs})


def _place(ingested_us: int, logs: Sequence[_Log], numbers: Mapping[str, int]) -> Place:
    """A place that names just the days that have to be named."""
    changed_us = max((log.changed_us for log in logs), default=0)
    named = {
        log.name: numbers[log.name]
        for log in logs
        if log.changed_us >= changed_us - _NAMED_FOR_US or numbers[log.name] < log.count
    }
    return Place(ingested_us, changed_us, named)


def _after(logs: Sequence[_Log], since: Place, *, most: int, most_waiting: int) -> Arrived:
    numbers = {log.name: _number(log, since) for log in logs}
    waiting = sum(log.count - numbers[log.name] for log in logs)
    passed_over = max(0, waiting - most_waiting)
    _pass_over(logs, numbers, passed_over)
    arrivals: list[Arrival] = []
    latest_us = since.ingested_us
    for log in logs:
        begin = numbers[log.name]
        end = min(log.count, begin + most - len(arrivals))
        if begin == end:
            continue
        place = _Placing(_place(latest_us, logs, numbers), log.name)
        arrivals += [_arrival(one, place) for one in log.stored(begin, end)]
        numbers[log.name] = end
        if arrivals:
            latest_us = max(latest_us, _ingested_us(arrivals[-1].event))
    place_behind = _place(latest_us, logs, numbers).text()
    return Arrived(arrivals, place_behind, passed_over, waiting - passed_over <= most)


def _number(log: _Log, since: Place) -> int:
    """The number of the first document of a day that stands behind a place."""
    known = since.numbers.get(log.name)
    if known is not None:
        return min(known, log.count)
    if log.changed_us < since.changed_us:  # the clock of files stands still for milliseconds
        return log.count
    return log.first_since(since.ingested_us - _MARGIN_US)


def _pass_over(logs: Iterable[_Log], numbers: dict[str, int], count: int) -> None:
    """Moves the numbers on, the earliest days first."""
    for log in logs:
        step = min(count, log.count - numbers[log.name])
        numbers[log.name] += step
        count -= step


class _Placing:
    """Places within a day, while the other days stand still."""

    def __init__(self, begin: Place, name: str) -> None:
        others = [f"{other}.{at}" for other, at in begin.numbers.items() if other != name]
        self._head = (
            f"{begin.ingested_us}-{begin.changed_us}-"
            + "".join(f"{one}," for one in others)
            + f"{name}."
        )

    def at(self, number: int) -> str:
        return f"{self._head}{number}"


def _arrival(one: _Stored, places: _Placing) -> Arrival:
    line = with_id(one.name, one.line, event_of)
    return Arrival(one.name, one.event, line, places.at(one.number + 1))


def _ingested_us(event: Event) -> int:
    """When an event was indexed; 0 when it does not say so."""
    about = event.get("event")
    moment = about.get("ingested") if isinstance(about, dict) else None
    try:
        return epoch_us(moment) if isinstance(moment, str) else 0
    except ValueError:
        return 0
