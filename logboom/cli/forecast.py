"""`logboom forecast`: how many processors will be needed, and when will the disk be full?"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml
from pydantic import AwareDatetime, Field, TypeAdapter, ValidationError, model_validator

from logboom.cli.options import ConfigOption, DataOption
from logboom.cli.settings import settings_of
from logboom.clock import Clock, SystemClock
from logboom.config import Config, LocalStoreSection
from logboom.config.section import Section
from logboom.config.units import parse_size
from logboom.errors import ConfigError, UsageError
from logboom.forecasting import Disk, Hour, Planned, disk_forecast, hourly_pattern, recommend
from logboom.query.model import MatchAll
from logboom.store.values import TimeRange

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from logboom.store import Store

_LOOKED_AT = timedelta(days=7)
_HOUR_US = 3_600_000_000
_MOST_PLAN_BYTES = 2**20


class _PlannedEntry(Section):
    """One entry of the file of planned events."""

    name: str
    begin: AwareDatetime = Field(alias="from")
    end: AwareDatetime = Field(alias="to")
    participants: int = Field(ge=0, le=1_000_000_000)

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> _PlannedEntry:
        if self.end <= self.begin:
            raise ValueError("`to` must be later than `from`")
        return self


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("forecast")(forecast)


def forecast(
    config: ConfigOption = None,
    data: DataOption = None,
    plan: Annotated[
        Path | None,
        typer.Option(
            help="YAML file of planned events: name, from, to, participants.", show_default=False
        ),
    ] = None,
    hours: Annotated[int, typer.Option(help="So many hours ahead.", min=1, max=2000)] = 24,
    per_processor: Annotated[
        float, typer.Option(help="Events a second that one processor takes.", min=1)
    ] = 10_000,
    disk: Annotated[
        str | None,
        typer.Option(help="Size of the store's disk, for example 2TiB.", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Says how many processors the coming hours need, and when the disk will be full.

    It takes every hour to be like the same hour of the last seven days, and adds one processor for
    every thousand participants of what is planned.

    Example: logboom forecast -c logboom.yaml --plan events.yaml
    """  # fmt: skip
    settings = settings_of(config, data, "logboom forecast")
    planned = [] if plan is None else read_plan(plan)
    total = None if disk is None else _size(disk)
    clock = SystemClock()
    counts, sizes = asyncio.run(_ask(settings, clock))
    now = datetime.fromtimestamp(clock.now_ns() / 1e9, UTC)
    expected = recommend(
        hourly_pattern(counts), planned, now, hours=hours, per_processor=per_processor
    )
    outlook = _outlook(settings, sizes, now.date(), total)
    if as_json:
        sys.stdout.write(json.dumps(_as_json(expected, outlook)) + "\n")
        return
    sys.stdout.write(_text(expected, outlook, knows=bool(counts)))


def read_plan(path: Path) -> list[Planned]:
    """The planned events of a file.

    Raises:
        ConfigError: It cannot be read, or is no such list.
    """
    mend = "an entry is {name: fair, from: 2026-12-01T09:00:00Z, to: …, participants: 12000}"
    try:
        with path.open("rb") as file:
            content = yaml.safe_load(file.read(_MOST_PLAN_BYTES))
        entries = TypeAdapter(list[_PlannedEntry]).validate_python(content)
    except OSError as error:
        raise ConfigError(f"cannot be read: {error.strerror}", where=str(path)) from error
    except yaml.YAMLError as error:
        raise ConfigError("is no YAML", where=str(path), mend=mend) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{place}: {first['msg']}", where=str(path), mend=mend) from error
    return [Planned(one.name, one.begin, one.end, one.participants) for one in entries]


async def _ask(config: Config, clock: Clock) -> tuple[list[tuple[datetime, int]], dict[date, int]]:
    """The events of each of the last hours, and the sizes of all days."""
    from logboom.store import open_store  # noqa: PLC0415 - not needed for --help

    store = await open_store(config, clock=clock)
    try:
        sizes = {day.day: day.size_bytes for day in await store.days()}
        return await _hours(store, clock, set(sizes)), sizes
    finally:
        await store.close()


async def _hours(store: Store, clock: Clock, days: set[date]) -> list[tuple[datetime, int]]:
    """Whole hours of days that are in the store; those without events count, too."""
    end_us = clock.now_ns() // 1000 // _HOUR_US * _HOUR_US
    begin_us = end_us - int(_LOOKED_AT.total_seconds()) * 1_000_000
    times = TimeRange(begin_us, end_us)
    found = await store.histogram(MatchAll(), times, interval_us=_HOUR_US, by=None)
    counts = {bucket.start_us: bucket.count for bucket in found.buckets}
    hours = range(begin_us, end_us, _HOUR_US)
    moments = {start: datetime.fromtimestamp(start / 1e6, UTC) for start in hours}
    return [(m, counts.get(s, 0)) for s, m in moments.items() if m.date() in days]


def _outlook(
    config: Config, sizes: Mapping[date, int], today: date, total: int | None
) -> Disk | None:
    """None when nobody knows how large the disk is."""
    keep_days = max(1, config.retention.keep.days)
    if total is not None:
        used = sum(sizes.values())
    elif isinstance(config.store, LocalStoreSection):
        disk = shutil.disk_usage(config.data)
        used, total = disk.used, disk.total
    else:
        return None
    return disk_forecast(sizes, today, keep_days=keep_days, used=used, total=total)


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise UsageError(str(error), where="--disk") from error


def _text(hours: list[Hour], disk: Disk | None, *, knows: bool) -> str:
    """A line for each hour, and what it all comes to.

    Args:
        hours: What is expected of each.
        disk: What becomes of it; None when nobody knows its size.
        knows: There are events of the last seven days to go by.
    """
    lines = [f"{'hour (UTC)':<16}  {'usual events/s':>14}  {'processors needed':>17}  planned"]
    lines += [
        f"{hour.begin:%Y-%m-%d %H:%M}  {hour.per_second:>14,.0f}  {hour.processors:>17}"
        f"  {', '.join(hour.planned)}".rstrip()
        for hour in hours
    ]
    most = max(hours, key=lambda hour: hour.processors)
    count = "1 processor is" if most.processors == 1 else f"{most.processors} processors are"
    when = "" if most.processors == 1 else f", in the hour from {most.begin:%Y-%m-%d %H:%MZ}"
    lines.append(f"processors: at most {count} needed at a time{when}")
    if not knows:
        lines.append("nothing of the last seven days is stored: only what is planned was counted")
    if disk is None:
        lines.append("disk: not known: name the size of the store's disk, such as --disk 2TiB")
    else:
        lines.append(disk.sentence())
    return "\n".join(lines) + "\n"


def _as_json(hours: list[Hour], disk: Disk | None) -> dict[str, Any]:
    return {
        "hours": [
            {
                "from": hour.begin.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "events_per_second": round(hour.per_second, 3),
                "planned": hour.planned,
                "processors": hour.processors,
            }
            for hour in hours
        ],
        "disk": None
        if disk is None
        else {"daily_bytes": round(disk.daily_bytes), "weeks_to_90_percent": disk.weeks},
    }
