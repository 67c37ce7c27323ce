"""How does the command line have the processor do what only the one who writes may do?

It leaves an order in the state; the processor carries it out and writes its answer there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

from logboom.archive.manifest import Manifest
from logboom.archive.work import DayWork
from logboom.clock import Clock
from logboom.errors import LogboomError, ServiceUnreachable, StateConflict, UsageError
from logboom.state import Record, State
from logboom.state.lease import is_held

KIND = "day-orders"
LEASE = "days"
"""Who works on days has it."""
_LOOK_S = 0.25
_CLAIM_S = 15.0
_KEPT_NS = 24 * 3600 * 10**9

Act = Literal["drop", "archive", "restore"]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done to some days.

    Attributes:
        act: `drop` deletes, with the grace; `archive` moves into archives; `restore` brings back.
        days: Which ones, ascending.
        folder: Where archives go to or come from; None: the configured one.
        grace_s: How long what is dropped can be restored.
    """

    act: Act
    days: Sequence[date]
    folder: Path | None = None
    grace_s: float = 0.0

    def value(self) -> dict[str, Any]:
        """The order as JSON."""
        return {
            "act": self.act, "days": [day.isoformat() for day in self.days],
            "folder": None if self.folder is None else str(self.folder), "grace_s": self.grace_s,
        }  # fmt: skip

    @classmethod
    def of(cls, value: Any) -> Order:  # noqa: ANN401 - JSON
        """The order that `value` wrote."""
        folder = value["folder"]
        return cls(
            value["act"], [date.fromisoformat(day) for day in value["days"]],
            None if folder is None else Path(folder), value["grace_s"],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one day of an order; `trouble` says why nothing did."""

    day: date
    said: str
    trouble: str | None = None

    def value(self) -> dict[str, Any]:
        """The answer as JSON."""
        return {"day": self.day.isoformat(), "said": self.said, "trouble": self.trouble}


async def carry_out(order: Order, work: DayWork, tell: Callable[[Answer], Awaitable[None]]) -> None:
    """Does what an order says, day by day. A day that fails is told, and the next one is begun.

    Args:
        order: To be done.
        work: Does it.
        tell: Is told of each day.
    """
    for day in order.days:
        try:
            answer = Answer(day, await _do(order, day, work))
        except LogboomError as error:
            answer = Answer(day, "", error.sentence())
        except OSError as error:
            answer = Answer(day, "", f"{order.folder or work.archives}: {error.strerror or error}")
        await tell(answer)


async def _do(order: Order, day: date, work: DayWork) -> str:
    if order.act == "archive":
        made = await work.archive(day, order.folder)
        return f"{made.events} events are archived in {made.data}"
    if order.act == "restore":
        chosen = await archives_of(day, order.folder, work)
        done = [await work.restore(manifest) for manifest in chosen]
        stored = sum(one.stored for one in done)
        return f"{stored} events are restored, {sum(one.duplicates for one in done)} were there"
    grace = timedelta(seconds=order.grace_s)
    made_or_not = await work.delete(day, grace)
    if made_or_not is None:
        return "is deleted"
    return f"is deleted; it can be restored until {made_or_not.delete_after}"


async def archives_of(day: date, folder: Path | None, work: DayWork) -> list[Manifest]:
    """The archives of a day.

    Args:
        day: Which one.
        folder: Where they are, or the manifest of one; None: in all places where archives were put.
        work: Knows the places.

    Raises:
        UsageError: There are none.
        ArchiveDamaged: The manifest that was named cannot be read.
        StateError: The places cannot be found out.
    """
    known = await work.find_archives(folder)
    found = [one for one in known.archives if one.day == day]
    if not found:
        besides = "".join(f"; {trouble}" for trouble in known.troubles)
        raise UsageError(
            f"there is no archive of {day}{besides}", where=str(folder or work.archives),
            mend="see `logboom days list`, or name a folder with --from",
        )  # fmt: skip
    return found


async def place(state: State, order: Order, clock: Clock) -> str:
    """Leaves an order; gives its key.

    Raises:
        StateError: It cannot be left.
    """
    key = f"{clock.now_ns():020}"
    await state.put(
        KIND, key, {"order": order.value(), "phase": "waiting", "answers": []}, expected=None
    )
    return key


async def await_answers(
    state: State, key: str, clock: Clock, tell: Callable[[Answer], Awaitable[None]]
) -> None:
    """Waits until an order was carried out, and tells of each day as it comes.

    Raises:
        ServiceUnreachable: No processor takes the order; it is taken back.
        StateError: It cannot be found out.
    """
    due = clock.monotonic() + _CLAIM_S
    told = 0
    while True:
        record = await state.get(KIND, key)
        if record is None:
            raise ServiceUnreachable("the order was taken away")
        for value in record.value["answers"][told:]:
            day = date.fromisoformat(value["day"])
            await tell(Answer(day, value["said"], value["trouble"]))
            told += 1
        if record.value["phase"] == "done":
            await state.delete(KIND, key)
            return
        is_late = record.value["phase"] == "waiting" and clock.monotonic() > due
        if is_late and not await is_held(state, LEASE, clock):  # else: busy with other days
            await state.delete(KIND, key, expected=record.version)
            raise ServiceUnreachable(
                "a processor holds the store and does not take orders",
                mend="see `logboom doctor`, or stop it and try again",
            )
        await asyncio.sleep(_LOOK_S)


async def waiting(state: State, clock: Clock) -> list[Record]:
    """The orders that are not done, the oldest first; old answers that nobody asked for are deleted.

    Raises:
        StateError: They cannot be read.
    """
    open_ones: list[Record] = []
    for record in await state.list(KIND):
        if record.value["phase"] != "done":
            open_ones.append(record)
        elif clock.now_ns() - record.written_ns > _KEPT_NS:
            await state.delete(KIND, record.key)
    return open_ones


async def fulfil(state: State, record: Record, work: DayWork) -> None:
    """Carries out an order that was left; of one that a crash has interrupted, what is left of it.

    One that was taken back meanwhile is let be.

    Raises:
        StateError: The answer cannot be written.
    """
    answers: list[dict[str, Any]] = list(record.value["answers"])
    order = Order.of(record.value["order"])
    answered = {value["day"] for value in answers}
    left = [day for day in order.days if day.isoformat() not in answered]
    base = {"order": record.value["order"]}
    running = base | {"phase": "running", "answers": answers}
    try:
        await state.put(KIND, record.key, running, expected=record.version)
    except StateConflict:
        return  # it was taken back

    async def tell(answer: Answer) -> None:
        answers.append(answer.value())
        await state.put(KIND, record.key, base | {"phase": "running", "answers": answers})

    await carry_out(replace(order, days=left), work, tell)
    await state.put(KIND, record.key, base | {"phase": "done", "answers": answers})
