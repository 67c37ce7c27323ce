"""`logboom days drop --gone`: days that were deleted on purpose by other means are said to be so."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from datetime import date

import typer

from logboom.cli.day_table import read_table
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.errors import UsageError


def say_gone(
    config: Config, days: Sequence[date], *, yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Asks, remembers it for days that are not in the store, and prints each of them.

    Raises:
        UsageError: The store has one of them.
    """
    asyncio.run(_refuse_those_there(config, days))
    what = f"{len(days)} days" if len(days) > 1 else str(days[0])
    if not (yes or dry_run) and sys.stdin.isatty():
        typer.confirm(f"{what} will be left out of the ledger. Go on?", err=True, abort=True)
    if not dry_run:
        asyncio.run(_forgive(config, days))
    said = "would be left out of the ledger" if dry_run else "is left out of the ledger"
    for day in days:
        told = {"day": day.isoformat(), "said": said, "trouble": None}
        sys.stdout.write(f"{json.dumps(told)}\n" if as_json else f"{day}  {said}\n")


async def _refuse_those_there(config: Config, days: Sequence[date]) -> None:
    table = await read_table(config)
    there = sorted({row.day for row in table.in_place("store")} & {str(day) for day in days})
    if there:
        raise UsageError(
            f"{there[0]} is in the store", mend="drop it without --gone, or name other days"
        )


async def _forgive(config: Config, days: Sequence[date]) -> None:
    from logboom.archive.forgiven import forgive  # noqa: PLC0415 - not needed for --help
    from logboom.state import open_state  # noqa: PLC0415 - likewise

    state = open_state(config, SystemClock())
    try:
        for day in days:
            await forgive(state, day)
    finally:
        await state.close()
