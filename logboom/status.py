"""What the services tell about themselves on the broker's status stream.

Every service posts its own entry every second, and the shipper one more per source that changed, and
one per run of a source of which something was lost.
The API reads them all, so that one API knows every shipper and processor wherever it runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict

STALE_AFTER_S = 10.0
"""A service whose last entry is older than this is taken for dead or cut off."""

UNREAD = "unread"
"""Of a part of the health that may have left lines unread: why, in words."""

FEWEST_RESTARTS = 2
"""A service that was started again so often is taken for one that crashes."""


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


MOST_DAMAGED = 100
"""Damaged files that a shipper tells of."""


class DamagedFile(_Entry):
    """A compressed file that is damaged: nothing of it is read until it is replaced.

    Attributes:
        bytes: Its size, compressed.
        reason: What is wrong with it, in words for people.
        at_ns: When it was found out, ns since the epoch.
    """

    path: str
    bytes: int
    reason: str
    at_ns: int


class ServiceStatus(_Entry):
    """One service process.

    Attributes:
        service: Which of the three it is.
        instance: Unique among all processes of that service: the shipper's name, or host and pid.
        at_ns: When this was written, ns since the epoch.
        state: `waiting` means that it cannot go on, and `waiting_for` says for what.
        counters: Totals since the process started, by the metric names of `logboom.telemetry`.
        errors: The latest troubles, newest first, one line each.
        restarts: How often its supervisor had started it again, within `RESTARTS_WITHIN_S` of its start.
        ended: Why it ended the last time, when it was started again.
        looked_ns: Of a shipper: what was written to its files before then is told of by the entries of
            its sources, ns since the epoch; 0 until it has looked at all of them. None: it does not say.
        damaged: Of a shipper: the first `MOST_DAMAGED` of the damaged files that it finds, by path.
    """

    service: Literal["shipper", "processor", "api"]
    instance: str
    pid: int
    host: str
    version: str
    started_ns: int
    at_ns: int
    state: Literal["starting", "running", "waiting", "stopping", "stopped"]
    waiting_for: str | None = None
    counters: Mapping[str, float] = {}
    errors: tuple[str, ...] = ()
    restarts: int = 0
    looked_ns: int | None = None
    ended: str | None = None
    damaged: tuple[DamagedFile, ...] = ()

    @property
    def key(self) -> str:
        """Key of this entry on the status stream."""
        return f"{self.service}/{self.instance}"


class SourceStatus(_Entry):
    """One source, and its side of the ledger.

    Attributes:
        source: Opaque id of the source.
        shipper: Name of the shipper that reads it.
        run: `log.source` of its events since its last truncation.
        path: The file's last known path, or `-` for standard input.
        state: What the shipper does with it now.
        detail: Why, in words for people; empty when all is well.
        size: Bytes it has now; None when that cannot be known.
        read_offset: Bytes read from it in this run.
        acked_offset: Bytes up to which everything is durable in the broker: the checkpoint.
        lines_read: Lines read since the source is known, over all its runs.
        lines_acked: Of these, lines in events that the broker has acknowledged.
        lines_empty: Of these, empty lines, which make no event.
        lines_dead: Of these, lines that went to the dead letters.
        lines_pending: Of these, lines that wait for the rest of their event or for the ack.
        acked: Events that the broker has acknowledged, by run and UTC day (`YYYY-MM-DD`).
        dropped: Lines of events that a rule of the configuration dropped, by the rule's name.
    """

    source: str
    shipper: str
    run: str
    path: str
    at_ns: int
    state: Literal["reading", "idle", "unreadable", "binary", "gone", "vanished"]
    detail: str = ""
    size: int | None = None
    read_offset: int = 0
    acked_offset: int = 0
    lines_read: int = 0
    lines_acked: int = 0
    lines_empty: int = 0
    lines_dead: int = 0
    lines_pending: int = 0
    acked: Mapping[str, Mapping[str, int]] = {}
    dropped: Mapping[str, int] = {}

    @property
    def lines_dropped(self) -> int:
        """Lines that rules of the configuration dropped."""
        return sum(self.dropped.values())

    @property
    def key(self) -> str:
        """Key of this entry on the status stream."""
        return f"source/{self.shipper}/{self.source}"


class LossStatus(_Entry):
    """Lines of one run of a source that were being sent when their file vanished.

    They were read and planned, but not known to be acknowledged when the shipper ended; when it was
    started again, their bytes were gone. If the broker had taken them, the store has them. Or their
    bytes were gone before they were read at all: of these no lines are known.

    Attributes:
        source: Opaque id of the source.
        shipper: Name of the shipper that read it.
        run: `log.source` of the events.
        path: Where the file was last.
        lines: Lines in these events.
        bytes: Bytes of the file that they took.
        days: The events by the UTC day of their index (`YYYY-MM-DD`).
        reason: What became of the file, in words for people.
        at_ns: When it was found out, ns since the epoch.
        unread: Of these bytes, those that were never read.
    """

    source: str
    shipper: str
    run: str
    path: str
    lines: int
    bytes: int
    unread: int = 0
    days: Mapping[str, int]
    reason: str
    at_ns: int

    @property
    def key(self) -> str:
        """Key of this entry on the status stream."""
        return f"lost/{self.shipper}/{self.run}"


class DeadStatus(_Entry):
    """One data folder's dead letters, whoever buried them.

    Attributes:
        store: Id of the folder's file of dead letters.
        letters: How many there are.
        bytes: Bytes of their events.
        replaying: Of these letters, those that are on their way back.
        latest_reason: Why the latest of those that wait is one, in one line; empty without.
        latest_ns: When that one was buried, ns since the epoch.
        refused: Events that the store refused and that wait, by run.
        replayed: Events that were dead in a shipper and were sent after all, by run and UTC day.
        replayed_lines: Lines of these, by id of the source.
        discarded: How many letters somebody has discarded.
        given_up: Events of these that the store had refused, by run and UTC day.
        given_up_lines: Lines of those that a shipper had buried, by id of the source.
    """

    store: str
    at_ns: int
    letters: int = 0
    bytes: int = 0
    replaying: int = 0
    latest_reason: str = ""
    latest_ns: int = 0
    refused: Mapping[str, int] = {}
    replayed: Mapping[str, Mapping[str, int]] = {}
    replayed_lines: Mapping[str, int] = {}
    discarded: int = 0
    given_up: Mapping[str, Mapping[str, int]] = {}
    given_up_lines: Mapping[str, int] = {}

    @property
    def key(self) -> str:
        """Key of this entry on the status stream."""
        return f"dead/{self.store}"


DURATION_ENDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper ends of the buckets that a processor counts durations in."""


class LevelCounts(_Entry):
    """Stored events of one service and level."""

    service: str
    level: str
    events: int
    errors: int


class RequestCounts(_Entry):
    """Requests that stored events of one service tell of, by class of status (`5xx`)."""

    service: str
    status: str
    requests: int


class DurationCounts(_Entry):
    """Durations of one service: counts by `DURATION_ENDS_S` and one beyond; their sum."""

    service: str
    counts: tuple[int, ...]
    sum_s: float


class RatesStatus(_Entry):
    """What one processor has stored since it started.

    Attributes:
        instance: That of the processor.
        levels: Events and errors by service and level.
        requests: Requests by service and class of status.
        durations: By service.
    """

    instance: str
    at_ns: int
    levels: tuple[LevelCounts, ...] = ()
    requests: tuple[RequestCounts, ...] = ()
    durations: tuple[DurationCounts, ...] = ()

    @property
    def key(self) -> str:
        """Key of this entry on the status stream."""
        return f"rates/{self.instance}"


def decode_rates(entries: Mapping[str, bytes]) -> list[RatesStatus]:
    """What processors have stored, among what `Broker.read_status` gave, by instance."""
    return [
        RatesStatus.model_validate_json(value)
        for key, value in sorted(entries.items())
        if key.startswith("rates/")
    ]


def decode_dead(entries: Mapping[str, bytes]) -> list[DeadStatus]:
    """The dead letters of all data folders among what `Broker.read_status` gave."""
    return [
        DeadStatus.model_validate_json(value)
        for key, value in sorted(entries.items())
        if key.startswith("dead/")
    ]


def decode_losses(entries: Mapping[str, bytes]) -> list[LossStatus]:
    """The losses among what `Broker.read_status` gave, by path."""
    losses = [
        LossStatus.model_validate_json(value)
        for key, value in entries.items()
        if key.startswith("lost/")
    ]
    return sorted(losses, key=lambda loss: (loss.path, loss.run))


def decode_status(
    entries: Mapping[str, bytes],
) -> tuple[list[ServiceStatus], list[SourceStatus]]:
    """Decodes what `Broker.read_status` gave.

    Entries of kinds that this version does not know are passed over.

    Returns:
        Services by key, and sources by path.
    """
    services = [
        ServiceStatus.model_validate_json(value)
        for key, value in sorted(entries.items())
        if key.partition("/")[0] in {"shipper", "processor", "api"}
    ]
    sources = [
        SourceStatus.model_validate_json(value)
        for key, value in entries.items()
        if key.startswith("source/")
    ]
    return services, sorted(sources, key=lambda source: (source.path, source.source))
