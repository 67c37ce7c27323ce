"""`logboom days`: which days there are, and dropping, archiving and restoring them."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logboom.cli.day_table import Row, read_table
from logboom.cli.days_gone import say_gone
from logboom.cli.layout import span_text
from logboom.cli.options import ConfigOption, DataOption, JsonOption
from logboom.cli.settings import settings_of
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.config.units import parse_duration
from logboom.errors import AlreadyRunning, UsageError
from logboom.quantities import size_text

if TYPE_CHECKING:
    from logboom.archive.orders import Answer, Order
    from logboom.state import State
    from logboom.store import Store, StoreWriter

DaysArgument = Annotated[
    list[str],
    typer.Argument(metavar="DAY...", help="Days as 2026-03-14, or 2026-03-01..2026-03-14."),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
_MOST_DAYS = 4000


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order comes to.

    Attributes:
        order: With those days only that there is something of.
        rows: What there is of them.
    """

    order: Order
    rows: Sequence[Row]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    group = typer.Typer(
        name="days", help="Days: listed, dropped, archived, restored.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    group.command("list")(list_days)
    group.command("drop")(drop)
    group.command("archive")(archive)
    group.command("restore")(restore)
    app.add_typer(group)


def list_days(
    config: ConfigOption = None, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Lists the days in the store and the archives, the oldest first.

    Example: logboom days list -c logboom.yaml
    """
    table = asyncio.run(read_table(settings_of(config, data, "logboom days")))
    if as_json:
        sys.stdout.write("".join(json.dumps(row.value()) + "\n" for row in table.rows))
    else:
        sys.stdout.write(table.text())
    sys.stderr.writelines(f"logboom: {trouble}\n" for trouble in table.troubles)
    raise typer.Exit(1 if table.troubles else 0)


def drop(
    days: DaysArgument,
    grace: Annotated[
        str | None,
        typer.Option(
            help="They can be restored for so long; 0s: gone at once.", show_default=False
        ),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    gone: Annotated[
        bool,
        typer.Option(
            "--gone", help="They are gone already, on purpose: the ledger leaves them out."
        ),
    ] = False,
    yes: YesOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
) -> None:
    """Deletes days from the store; without --grace the configuration says how long they can be restored.

    Example: logboom days drop 2026-03-14 -c logboom.yaml
    """
    from logboom.archive.orders import Order  # noqa: PLC0415 - not needed for --help

    settings = settings_of(config, data, "logboom days")
    chosen = parse_days(days)
    if gone:
        say_gone(settings, chosen, yes=yes, dry_run=dry_run, as_json=as_json)
        return
    left = settings.retention.grace if grace is None else _duration(grace)
    how = f"can be restored for {span_text(left)}" if left else "cannot be restored"
    order = Order("drop", chosen, None, left.total_seconds())
    _carry_out(
        settings, order, f"will be deleted and {how}", yes=yes, dry_run=dry_run, as_json=as_json
    )


def archive(
    days: DaysArgument,
    to: Annotated[
        Path | None,
        typer.Option(help="Folder of the archives.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    yes: YesOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
) -> None:
    """Moves days into archives: compressed lines of JSON with a manifest, checked before the day goes.

    Example: logboom days archive 2026-03-14 --to /srv/archives -c logboom.yaml
    """
    from logboom.archive.orders import Order  # noqa: PLC0415 - not needed for --help

    chosen = parse_days(days)
    order = Order("archive", chosen, None if to is None else to.expanduser().absolute())
    where = "archives" if order.folder is None else f"archives in {order.folder}"
    _carry_out(
        settings_of(config, data, "logboom days"), order, f"will be moved into {where}", yes=yes,
        dry_run=dry_run, as_json=as_json,
    )  # fmt: skip


def restore(
    days: DaysArgument,
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder of the archives, or a manifest.", show_default=False),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
) -> None:
    """Brings days back from archives, under their old ids; doing it again doubles nothing.

    Example: logboom days restore 2026-03-14 -c logboom.yaml
    """
    from logboom.archive.orders import Order  # noqa: PLC0415 - not needed for --help

    chosen = parse_days(days)
    order = Order("restore", chosen, None if source is None else source.expanduser().absolute())
    _carry_out(
        settings_of(config, data, "logboom days"), order, "will be restored", yes=True,
        dry_run=dry_run, as_json=as_json,
    )  # fmt: skip


def parse_days(texts: Sequence[str]) -> list[date]:
    """The days that are named, ascending, each once.

    Raises:
        UsageError: One is no day, or there are too many.
    """
    found: set[date] = set()
    for text in texts:
        first, dots, last = text.partition("..")
        try:
            begin = _day(first)
            end = _day(last) if dots else begin
        except ValueError:
            raise UsageError(
                f"{text!r} is no day", mend="write for example 2026-03-14 or 2026-03-01..2026-03-14"
            ) from None
        count = (end - begin).days + 1
        if not 1 <= count <= _MOST_DAYS:
            raise UsageError(f"{text!r} are {count} days", mend=f"name 1 to {_MOST_DAYS}")
        found |= {begin + timedelta(days=n) for n in range(count)}
    return sorted(found)


def _carry_out(
    config: Config, order: Order, what: str, *, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Asks, does it, and prints what came of each day; exit status 1 when one of them failed."""
    plan = asyncio.run(_plan(config, order))
    what = f"{_named(plan.order.days)} {what}"
    if dry_run:
        _say_plan(plan, what, as_json=as_json)
        return
    if not yes and sys.stdin.isatty() and not typer.confirm(f"{what}. Go on?", err=True):
        raise typer.Exit(1)
    failed = asyncio.run(_done(config, plan.order, as_json=as_json))
    raise typer.Exit(1 if failed else 0)


async def _done(config: Config, order: Order, *, as_json: bool) -> int:
    """Does it here when nobody writes to the store; else has the processor do it.

    Returns:
        How many days failed.
    """
    from logboom.archive.orders import await_answers, place  # noqa: PLC0415 - not needed for --help
    from logboom.state import open_state  # noqa: PLC0415 - not needed for --help
    from logboom.store import open_store  # noqa: PLC0415 - not needed for --help

    failures = 0

    async def tell(answer: Answer) -> None:
        nonlocal failures
        failures += answer.trouble is not None
        _say_answer(answer, as_json=as_json)

    clock = SystemClock()
    store, state = await open_store(config, clock=clock), open_state(config, clock)
    try:
        try:
            writer = await store.writer()
        except AlreadyRunning:
            await await_answers(state, await place(state, order, clock), clock, tell)
        else:
            try:
                await _done_here(config, order, (store, writer, state), tell)
            finally:
                await writer.close()
    finally:
        await state.close()
        await store.close()
    return failures


async def _done_here(
    config: Config, order: Order, ports: tuple[Store, StoreWriter, State],
    tell: Callable[[Answer], Awaitable[None]],
) -> None:  # fmt: skip
    """Does it in this process, which may write to the store."""
    from logboom.archive.orders import LEASE, carry_out  # noqa: PLC0415 - not needed for --help
    from logboom.archive.work import DayWork  # noqa: PLC0415 - not needed for --help
    from logboom.state.lease import EMBEDDED, Lease  # noqa: PLC0415 - not needed for --help

    clock = SystemClock()
    store, writer, state = ports
    work = DayWork(store, lambda: writer, state, config.retention, config.data, clock)
    instance = f"command-{socket.gethostname()}-{os.getpid()}"
    holder = EMBEDDED if store.kind == "local" else instance
    for_s = config.processor.lease.total_seconds()
    async with Lease(state, LEASE, holder, clock, for_s=for_s).held() as mine:
        if not mine:
            raise AlreadyRunning(
                "another process works on the days", where=state.address, mend="wait a minute"
            )
        await work.finish()
        await carry_out(order, work, tell)


async def _plan(config: Config, order: Order) -> Plan:
    """What an order comes to, with what there is.

    Raises:
        UsageError: There is nothing of any of the days.
    """
    table = await read_table(config, order.folder if order.act == "restore" else None)
    places = ("archive", "deleted") if order.act == "restore" else ("store",)
    wanted = {day.isoformat() for day in order.days}
    rows = [row for row in table.rows if row.where in places and row.day in wanted]
    if not rows:
        besides = "".join(f"; {trouble}" for trouble in table.troubles)
        raise UsageError(f"there are no such days{besides}", mend="see `logboom days list`")
    there = {row.day for row in rows}
    days = [day for day in order.days if day.isoformat() in there]
    return Plan(replace(order, days=days), rows)


def _say_plan(plan: Plan, what: str, *, as_json: bool) -> None:
    now_ns = SystemClock().now_ns()
    today = datetime.fromtimestamp(now_ns // 10**9, UTC).date().isoformat()
    for row in plan.rows:
        is_over = row.day < today or plan.order.act == "restore"
        if as_json:
            told = {**row.value(), "would": plan.order.act if is_over else None}
            sys.stdout.write(json.dumps(told) + "\n")
        else:
            act = f"would {plan.order.act}" if is_over else "is not over: would be refused,"
            sys.stdout.write(
                f"{row.day}  {act} {row.events:,} events, {size_text(row.size)}: {row.name}\n"
            )
    if not as_json:
        events = sum(row.events for row in plan.rows)
        sys.stdout.write(f"{what}: {events:,} events. Nothing was done.\n")


def _say_answer(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(answer.value()) + "\n")
    elif answer.trouble is not None:
        sys.stderr.write(f"logboom: {answer.day}: {answer.trouble}\n")
    else:
        sys.stdout.write(f"{answer.day}  {answer.said}\n")
    sys.stdout.flush()


def _named(days: Sequence[date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{len(days)} days, {days[0]} to {days[-1]},"


def _day(text: str) -> date:
    """A day as `2026-03-14`, or as in the name of a day index, `2026.03.14`."""
    return date.fromisoformat(text.replace(".", "-"))


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(str(error)) from None
