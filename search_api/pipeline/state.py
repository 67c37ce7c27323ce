"""What does the API know of the pipeline? Read at most once a second, however many ask."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from logboom.archive.forgiven import forgiven_days
from logboom.archive.removals import Removal, all_removals, removed_of
from logboom.broker import Broker, PartitionLag
from logboom.clock import Clock
from logboom.dead import DeadLetters
from logboom.errors import BrokerUnavailable, LogboomError
from logboom.ledger import Removed, judge
from logboom.scaling import ScalingStatus, decode_scaling
from logboom.state import State
from logboom.status import (
    STALE_AFTER_S,
    DeadStatus,
    LossStatus,
    RatesStatus,
    ServiceStatus,
    SourceStatus,
    decode_dead,
    decode_losses,
    decode_rates,
    decode_status,
)
from logboom.store import SourceCount, Store
from search_api.pipeline.dead_part import dead_part
from search_api.pipeline.limits import StoreLimits
from search_api.pipeline.not_read import files_part
from search_api.pipeline.service_parts import service_parts

_FRESH_S = 1.0
_PATIENCE_S = 2.5
_LOOKS_BACK = 12
_LOOK_BACK_S = 0.25
"""What the store has before it was told to be acknowledged is told within seconds."""
_FORGOTTEN_S = 3600.0
_DELETED_S = 24 * 3600.0
"""What processes that are gone have told is deleted then: each of them has had a name of its own."""
_DELETE_EVERY_S = 3600.0
_GONE_S = 60.0
"""A service that is silent for longer is told by no gauge any more; its counters stay until it is forgotten."""
_WITHHELD = "what it says is told to those who see all services"
_LITTLE_ROOM_BYTES = 2 * 2**20
_SERVICES = ("shipper", "processor")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The pipeline as it was told last."""

    services: Sequence[ServiceStatus]
    sources: Sequence[SourceStatus]
    lag: Sequence[PartitionLag]
    broker_trouble: str | None
    losses: Sequence[LossStatus] = ()
    dead: Sequence[DeadStatus] = ()
    rates: Sequence[RatesStatus] = ()
    scaling: Sequence[ScalingStatus] = ()


@dataclass(frozen=True, slots=True)
class _Held:
    """The store's side of the ledger."""

    stored: Sequence[SourceCount]
    days: Sequence[date]
    removed: Sequence[Removed]
    forgiven: Sequence[date]


class PipelineState:
    """Reads the status stream and the lag.

    Args:
        broker: Has both.
        store: Asked for its health and for the ledger's other side.
        group: The processors' consumer group.
        data: The data folder; its dead letters are those of a processor on this machine.
        clock: For ages.
        memory: Has what was taken out of the store; None: nothing ever was.
        keep: For how long days are kept; None: for ever.
        patience_s: So long each part may take to say how it is.

    Attributes:
        more_parts: Give parts of the health that this process alone knows of.
    """

    def __init__(
        self, broker: Broker, store: Store, group: str, data: Path, clock: Clock,
        memory: State | None = None, *, keep: timedelta | None = None,
        patience_s: float = _PATIENCE_S,
    ) -> None:  # fmt: skip
        self._keep = keep
        self._patience_s = patience_s
        self._memory = memory
        self._broker = broker
        self._store = store
        self._group = group
        self._data = data
        self._letters = DeadLetters(data / "dead", max_bytes=0)
        self._clock = clock
        self.limits = StoreLimits(store, clock)
        self.more_parts: list[Callable[[], Sequence[dict[str, str]]]] = []
        self._turn = asyncio.Lock()
        self._looking: asyncio.Task[Snapshot] | None = None
        self._taken = 0.0
        self._delete_at = clock.monotonic()
        self._snapshot: Snapshot | None = None

    async def snapshot(self, *, fresh: bool = False) -> Snapshot:
        """The pipeline's state, at most a second old; just read when `fresh`."""
        async with self._turn:
            age_s = self._clock.monotonic() - self._taken
            if self._snapshot is None or fresh or age_s > _FRESH_S:
                self._snapshot = await self._read()
                self._taken = self._clock.monotonic()
            return self._snapshot

    async def timely_snapshot(self, *, fresh: bool = False) -> Snapshot:
        """As `snapshot`; while the broker does not answer, what was known last.

        The broker is asked by one at a time, and has all the time it needs: an answer that comes late
        is there for those who ask next.
        """
        looking = self._looking
        if looking is None or looking.done():
            looking = self._looking = asyncio.ensure_future(self.snapshot(fresh=fresh))
        done, _ = await asyncio.wait([looking], timeout=self._patience_s)
        if done:
            return looking.result()
        known = self._snapshot or Snapshot((), (), (), None)
        return replace(known, broker_trouble=f"{self._broker.address} does not answer")

    async def close(self) -> None:
        """Ends what still asks the broker. Idempotent."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _read(self) -> Snapshot:
        try:
            entries = await self._broker.read_status()
            services, sources = decode_status(entries)
            losses = decode_losses(entries)
            dead = decode_dead(entries)
            rates = decode_rates(entries)
            lag = await self._broker.lag(group=self._group)
        except LogboomError as error:
            old = self._snapshot
            if old is None:
                return Snapshot((), (), (), str(error))
            return replace(old, broker_trouble=str(error))
        await self._delete_old(services, rates)
        recent = [s for s in services if self._age_s(s.at_ns) < _FORGOTTEN_S]
        rates = [one for one in rates if self._age_s(one.at_ns) < _FORGOTTEN_S]
        scaling = [s for s in decode_scaling(entries) if self._age_s(s.at_ns) <= STALE_AFTER_S]
        return Snapshot(recent, sources, lag, None, losses, dead, rates, scaling)

    async def _delete_old(
        self, services: Sequence[ServiceStatus], rates: Sequence[RatesStatus]
    ) -> None:
        """Shippers are left: their names stay the same."""
        if self._clock.monotonic() < self._delete_at:
            return
        self._delete_at = self._clock.monotonic() + _DELETE_EVERY_S
        told = {one.key: one.at_ns for one in services if one.service != "shipper"}
        told |= {one.key: one.at_ns for one in rates}
        old = [key for key, at_ns in told.items() if self._age_s(at_ns) > _DELETED_S]
        if old:
            with suppress(LogboomError):  # the next hour's turn
                await self._broker.post_status(dict.fromkeys(old))

    def gone(self, snapshot: Snapshot) -> frozenset[str]:
        """The keys of the services that have stopped, or are silent for long though they could be heard."""
        if snapshot.broker_trouble is not None:
            return frozenset()
        return frozenset(
            status.key
            for status in snapshot.services
            if status.state == "stopped" or self._age_s(status.at_ns) > _GONE_S
        )

    def _age_s(self, at_ns: int) -> float:
        return (self._clock.now_ns() - at_ns) / 1e9

    async def ledger(self) -> dict[str, Any]:
        """The judgement over all lines, as JSON."""
        before = await self._our_letters()
        snapshot = await self.timely_snapshot(fresh=True)
        if snapshot.broker_trouble is not None and not snapshot.services:
            raise BrokerUnavailable(snapshot.broker_trouble)
        held = await self._held()
        lag = sum(partition.messages for partition in snapshot.lag)
        dead = _dead(snapshot.dead, before, await self._our_letters())
        for _ in range(_LOOKS_BACK):
            later = await self.timely_snapshot(fresh=True)
            judged = judge(
                snapshot.sources, held.stored, lag=lag, dead=dead, days=held.days,
                losses=snapshot.losses, removed=held.removed,
                since=_acked_since(snapshot.sources, later.sources),
                damaged=[file for status in snapshot.services for file in status.damaged],
                oldest=self._oldest(), forgiven=held.forgiven,
            )  # fmt: skip
            if not any(row.events_ahead for row in judged.sources) or not self._is_told_of(later):
                break
            await asyncio.sleep(_LOOK_BACK_S)
        return asdict(judged)

    def _is_told_of(self, snapshot: Snapshot) -> bool:
        """Whether news of the sources are to be expected: shippers tell of them every second."""
        return any(
            status.service == "shipper" and self._age_s(status.at_ns) <= STALE_AFTER_S
            for status in snapshot.services
        )

    async def _held(self) -> _Held:
        """What the store has and what was taken out of it, both at one moment."""
        await self._store.refresh()
        removed = await self._removed()
        while True:
            stored = await self._store.count_by_source()
            days = [day.day for day in await self._store.days()]
            before, removed = removed, await self._removed()
            if removed == before:
                return _Held(stored, days, removed_of(removed), await self._forgiven())

    def _oldest(self) -> date:
        """The first day that retention has not reached."""
        now = datetime.fromtimestamp(self._clock.now_ns() / 1e9, UTC)
        keep = self._keep
        if keep is None or keep.days >= now.toordinal() - 1:
            return date.min
        return (now - keep).date()

    async def _forgiven(self) -> Sequence[date]:
        return () if self._memory is None else await forgiven_days(self._memory)

    async def _removed(self) -> Sequence[Removal]:
        return () if self._memory is None else await all_removals(self._memory)

    async def _our_letters(self) -> DeadStatus | None:
        """The dead letters of our own data folder as they are now."""
        return await asyncio.to_thread(self._letters.status, at_ns=self._clock.now_ns())

    async def health(self, *, with_reasons: bool) -> dict[str, Any]:
        """All parts with a plain verdict, as JSON; within about 3 s, also when parts do not answer.

        Args:
            with_reasons: Also what may quote events, or name files and rules of any service: why events were
                refused, what services and alerts say of themselves, which files are not read.
        """
        snapshot, letters, store, damaged, limits = await asyncio.gather(
            self.timely_snapshot(),
            self._timely_letters(),
            self._timely(self._store_part(), else_="store"),
            self._timely(self._damaged_parts()),
            self._timely(self.limits.parts()),
        )
        parts = [self._broker_part(snapshot), *store, self._disk_part(), *damaged, *limits]
        parts += [part if with_reasons else _withheld(part) for part in self._speaking(snapshot)]
        parts += dead_part(_dead(snapshot.dead, None, letters), with_reason=with_reasons)
        parts += [self._scaling_part(status) for status in snapshot.scaling]
        bad = [part for part in parts if part["state"] not in {"running", "answers"}]
        down = [part for part in bad if part["state"] in {"down", "silent", "missing"}]
        status = "down" if down else "degraded" if bad else "ok"
        verdict = (
            "everything works"
            if not bad
            else "; ".join(f"{p['name']} is {p['state']}: {p['detail']}" for p in bad)
        )
        lag = sum(partition.messages for partition in snapshot.lag)
        return {
            "status": status,
            "verdict": verdict,
            "parts": parts,
            "lag": lag,
            "sources": len(snapshot.sources),
        }

    def _speaking(self, snapshot: Snapshot) -> Iterator[dict[str, str]]:
        """The parts that speak in words of their own."""
        for more in self.more_parts:
            yield from more()
        now_ns, is_known = self._clock.now_ns(), snapshot.broker_trouble is None
        for name in _SERVICES:
            yield from service_parts(name, snapshot.services, now_ns, is_known=is_known)
        yield from files_part(snapshot.sources, now_ns)

    def _broker_part(self, snapshot: Snapshot) -> dict[str, str]:
        trouble = snapshot.broker_trouble
        return {
            "name": "broker",
            "state": "down" if trouble else "answers",
            "detail": trouble or self._broker.address,
        }

    def _disk_part(self) -> dict[str, str]:
        """A full disk keeps the services from telling about it: the API looks for itself."""
        free = shutil.disk_usage(self._data).free
        state = "full" if free < _LITTLE_ROOM_BYTES else "answers"
        if state == "full":
            detail = f"no room left on {self._data}: free some space; only ingest waits"
        else:
            detail = f"{free // 2**20} MiB free in {self._data}"
        return {"name": "disk", "state": state, "detail": detail}

    async def _timely(
        self, asking: Coroutine[Any, Any, list[dict[str, str]]], *, else_: str | None = None
    ) -> list[dict[str, str]]:
        """Parts of the health; of what does not answer in time that, where a name is given."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await asking
        except TimeoutError:
            detail = f"does not answer within {self._patience_s:g} s"
            return [] if else_ is None else [{"name": else_, "state": "down", "detail": detail}]

    async def _timely_letters(self) -> DeadStatus | None:
        """The dead letters of our own data folder; None where what services told last has to do."""
        try:
            async with asyncio.timeout(self._patience_s):
                return await self._our_letters()
        except (TimeoutError, LogboomError):
            return None

    async def _store_part(self) -> list[dict[str, str]]:
        try:
            detail = await self._store.check()
        except LogboomError as error:
            return [{"name": "store", "state": "down", "detail": str(error)}]
        return [{"name": "store", "state": "answers", "detail": detail}]

    async def _damaged_parts(self) -> list[dict[str, str]]:
        """Days that cannot be served while the others are."""
        try:
            troubles = await self._store.troubles()
        except LogboomError:
            return []  # the store's own part says why
        if not troubles:
            return []
        return [{"name": "days", "state": "damaged", "detail": "; ".join(troubles)}]

    def _scaling_part(self, status: ScalingStatus) -> dict[str, str]:
        return {
            "name": f"processors of {status.host}",
            "state": "running",
            "detail": status.sentence(self._clock.now_ns()),
        }


def _withheld(part: Mapping[str, str]) -> dict[str, str]:
    """A part as those may know it who do not see all services."""
    name, detail = part["name"].partition(" of ")[0], part["detail"]
    return {**part, "name": name, "detail": _WITHHELD if detail else ""}


def _acked_since(
    before: Sequence[SourceStatus], later: Sequence[SourceStatus]
) -> Mapping[str, int]:
    """Events that were acknowledged between two readings, by run."""
    since = Counter[str]()
    for source in later:
        since.update({run: sum(days.values()) for run, days in source.acked.items()})
    for source in before:
        since.subtract({run: sum(days.values()) for run, days in source.acked.items()})
    return +since


def _dead(
    told: Sequence[DeadStatus], before: DeadStatus | None, after: DeadStatus | None
) -> list[DeadStatus]:
    """The dead letters of all data folders; of our own as they are, not as they were told.

    Args:
        told: On the status stream.
        before: Our own, before anything else of the ledger was read.
        after: Our own, after all else; None: of ours, too, what was told. Letters that went back
            meanwhile may be stored or not.
    """
    if after is None:
        return list(told)
    gone = 0 if before is None else max(0, before.letters - after.letters)
    ours = after.model_copy(update={"replaying": after.replaying + gone})
    return [ours, *(status for status in told if status.store != ours.store)]
