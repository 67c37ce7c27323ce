"""`logboom backup` and `logboom restore`: copies of everything, tried by restoring them."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logboom.cli.options import ConfigOption, DataOption, JsonOption
from logboom.cli.settings import settings_of
from logboom.clock import SystemClock
from logboom.config import Config
from logboom.config.units import parse_duration
from logboom.errors import LogboomError, UsageError
from logboom.quantities import days_text, size_text

if TYPE_CHECKING:
    from logboom.backup.manifest import Backup
    from logboom.backup.restoring import Tried

_KEEP = 288
"""Backups of a day, one every five minutes."""
NameOption = Annotated[
    str | None, typer.Option(help="Of the backup; the newest without.", show_default=False)
]


class Act(StrEnum):
    """What `logboom backup` does."""

    MAKE = "make"
    LIST = "list"
    VERIFY = "verify"
    DRILL = "drill"


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("backup")(backup)
    app.command("restore")(restore)


def backup(
    to: Annotated[Path, typer.Option(help="Folder of the backups.")],
    act: Annotated[
        Act,
        typer.Argument(
            help="make one, list them, or restore one into a scratch store: verify, drill."
        ),
    ] = Act.MAKE,
    every: Annotated[
        str | None, typer.Option(help="Make one each 5m, until Ctrl-C.", show_default=False)
    ] = None,
    keep: Annotated[int, typer.Option(help="Backups that are left; the oldest go.", min=1)] = _KEEP,
    name: NameOption = None,
    snapshots: Annotated[
        str | None,
        typer.Option(help="Where Elasticsearch keeps its part, as it sees it.", show_default=False),
    ] = None,
    rpo: Annotated[
        str, typer.Option(help="A drill fails when more than this would be lost.")
    ] = "5m",
    rto: Annotated[str, typer.Option(help="A drill fails when restoring takes longer.")] = "15m",
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Makes incremental backups while everything runs, and tries them by restoring.

    Example: logboom backup --to /srv/backups --every 5m -c logboom.yaml
    """
    settings = settings_of(config, data, "logboom backup")
    folder = to.expanduser().absolute()
    if act is Act.MAKE:
        every_s = None if every is None else _seconds(every)
        _make(settings, folder, every_s, keep, snapshots, as_json=as_json)
    elif act is Act.LIST:
        _list(folder, as_json=as_json)
    else:
        limits = (_seconds(rpo), _seconds(rto)) if act is Act.DRILL else None
        raise typer.Exit(_try(settings, folder, name, limits, as_json=as_json))


def restore(
    source: Annotated[Path, typer.Option("--from", help="Folder of the backups.")],
    name: NameOption = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Makes the data folder of a backup; nothing that is there is overwritten.

    Example: logboom restore --from /srv/backups -c logboom.yaml
    """
    from logboom.backup.restoring import choose  # noqa: PLC0415 - not needed for --help
    from logboom.backup.restoring import restore as bring_back  # noqa: PLC0415 - likewise

    settings = settings_of(config, data, "logboom restore")
    folder = source.expanduser().absolute()
    chosen = choose(folder, name)
    clock = SystemClock()
    begun = clock.monotonic()
    asyncio.run(bring_back(settings, folder, chosen, clock))
    sys.stdout.write(
        f"{chosen.name}: {chosen.events:,} events and {size_text(chosen.size)} are restored"
        f" to {settings.data} in {clock.monotonic() - begun:.1f} s\n"
    )


def _make(
    config: Config,
    folder: Path,
    every_s: float | None,
    keep: int,
    snapshots: str | None,
    *,
    as_json: bool,
) -> None:
    """One backup, or one each so often; then one that fails is told, and the next one is tried."""
    from logboom.backup.making import make_backup  # noqa: PLC0415 - not needed for --help

    async def run() -> None:
        clock = SystemClock()
        while True:
            begun = clock.monotonic()
            try:
                made = await make_backup(config, folder, clock, keep=keep, snapshots=snapshots)
                _say_backup(made, as_json=as_json)
            except LogboomError as error:
                if every_s is None or isinstance(error, UsageError):
                    raise
                sys.stderr.write(f"logboom: {error.sentence()}\n")
            if every_s is None:
                return
            await asyncio.sleep(max(0.0, every_s - (clock.monotonic() - begun)))

    asyncio.run(run())


def _list(folder: Path, *, as_json: bool) -> None:
    from logboom.backup.manifest import backups  # noqa: PLC0415 - not needed for --help

    known = backups(folder)
    for one in known:
        _say_backup(one, as_json=as_json)
    if not known and not as_json:
        sys.stdout.write("there are no backups\n")


def _try(
    config: Config, folder: Path, name: str | None, limits: tuple[float, float] | None, *,
    as_json: bool,
) -> int:  # fmt: skip
    """Restores into a scratch store; gives the exit status."""
    from logboom.backup.restoring import choose, try_out  # noqa: PLC0415 - not needed for --help

    chosen = choose(folder, name)
    clock = SystemClock()
    with tempfile.TemporaryDirectory(dir=folder, prefix="scratch-") as scratch:
        tried = asyncio.run(try_out(config, folder, chosen, clock, Path(scratch) / "data"))
    told: dict[str, Any] = {
        "name": chosen.name, "days": tried.days, "events": tried.events,
        "troubles": list(tried.troubles),
    }  # fmt: skip
    if limits is not None:
        told |= _reached(folder, tried, clock.now_ns(), limits)
    _say_tried(told, as_json=as_json)
    return 1 if told["troubles"] else 0


def _reached(
    folder: Path, tried: Tried, now_ns: int, limits: tuple[float, float]
) -> dict[str, Any]:
    """What would have been lost at the worst moment, and how long restoring took."""
    from logboom.backup.manifest import backups  # noqa: PLC0415 - not needed for --help

    known = backups(folder)
    ends = [one.ended_ns for one in known[1:]] + [now_ns]
    worst_s = max((end - one.began_ns) / 1e9 for one, end in zip(known, ends, strict=True))
    rpo_s, rto_s = limits
    troubles = list(tried.troubles)
    if worst_s > rpo_s:
        troubles.append(f"up to {worst_s:.0f} s of events would be lost, more than {rpo_s:.0f} s")
    if tried.took_s > rto_s:
        troubles.append(f"restoring takes {tried.took_s:.0f} s, more than {rto_s:.0f} s")
    return {"rpo_s": round(worst_s, 1), "rto_s": round(tried.took_s, 1), "troubles": troubles}


def _say_backup(one: Backup, *, as_json: bool) -> None:
    began = datetime.fromtimestamp(one.began_ns / 1e9, UTC)
    took_s = (one.ended_ns - one.began_ns) / 1e9
    if as_json:
        told = {
            "name": one.name, "began": f"{began:%Y-%m-%dT%H:%M:%SZ}", "took_s": round(took_s, 3),
            "store": one.store, "days": len(one.days), "events": one.events,
            "bytes": one.size, "added_bytes": one.added, "spoilt_pieces": one.spoilt,
        }  # fmt: skip
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        spoilt = f"  {one.spoilt} older pieces were spoilt" if one.spoilt else ""
        sys.stdout.write(
            f"{one.name}  {len(one.days):>5} {days_text(len(one.days)):<4}  {one.events:>14,} events  {size_text(one.size):>9}"
            f"  {size_text(one.added):>9} added  {took_s:.1f} s{spoilt}\n"
        )
    sys.stdout.flush()


def _say_tried(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(json.dumps(told) + "\n")
        return
    days = f"{told['days']} {days_text(told['days'])}"
    lines = [f"{told['name']}: {told['events']:,} events of {days} are there again"]
    if "rpo_s" in told:
        lines.append(f"RPO {told['rpo_s']} s: at most so much is lost")
        lines.append(f"RTO {told['rto_s']} s: from the begin of restoring to the first answer")
    lines += [f"! {trouble}" for trouble in told["troubles"]]
    sys.stdout.write("\n".join(lines) + "\n")


def _seconds(text: str) -> float:
    try:
        return parse_duration(text).total_seconds()
    except ValueError as error:
        raise UsageError(str(error)) from None
