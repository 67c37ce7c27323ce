"""`logboom bench`: how does a running API fare when many ask at once?"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from logboom.cli.options import UrlOption
from logboom.cli.remote import DEFAULT_URL, api_key
from logboom.clock import SystemClock
from logboom.environment import process_environment
from logboom.errors import UsageError


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("bench")(bench)


def bench(
    url: UrlOption = DEFAULT_URL,
    users: Annotated[int, typer.Option(help="Who ask at the same time.", min=1, max=10_000)] = 10,
    duration: Annotated[float, typer.Option(help="Seconds.", min=0.1, max=86_400)] = 30.0,
    only: Annotated[
        str | None, typer.Option(help="Kinds of questions, q1,q3.", show_default=False)
    ] = None,
    ingest: Annotated[
        int, typer.Option(help="Events a second that are written meanwhile.", min=0)
    ] = 0,
    ingest_to: Annotated[
        str | None,
        typer.Option(help="A file that is followed, or an HTTP input's URL.", show_default=False),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same questions.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
) -> None:
    """Asks a running API as many users would, and reports times, rates, partial answers and errors.

    Exit status 1 when a question was not answered.

    Example: logboom bench --users 50 --duration 60
    """
    from logboom.load.feeding import Feed, to_file, to_input  # noqa: PLC0415 - not needed for --help
    from logboom.load.report import table  # noqa: PLC0415 - not needed for --help
    from logboom.load.running import Load, run_load  # noqa: PLC0415 - not needed for --help

    clock = SystemClock()
    feed = None
    if ingest or ingest_to:
        if not (ingest and ingest_to):
            raise UsageError("--ingest and --ingest-to belong together")
        is_url = ingest_to.startswith(("http://", "https://"))
        feed = Feed(ingest, to_input(ingest_to) if is_url else to_file(Path(ingest_to)), clock)
    key = api_key(process_environment())
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    load = Load(url, users, duration, _kinds(only), seed, headers)
    report = asyncio.run(run_load(load, clock, feed))
    lines = [json.dumps(report.to_json())] if as_json else table(report)
    for line in lines:
        sys.stdout.write(f"{line}\n")
    if report.total.errors:
        raise typer.Exit(1)


def _kinds(only: str | None) -> tuple[str, ...]:
    from logboom.load.questions import KINDS  # noqa: PLC0415 - not needed for --help

    kinds = tuple(name.strip() for name in (only or "").split(",") if name.strip())
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(
                f"there are no questions {kind!r}", mend=f"choose of {', '.join(KINDS)}"
            )
    return kinds
