"""`logboom doctor`: is everything well, and is every line accounted for?"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from logboom.cli.remote import DEFAULT_URL, ask
from logboom.errors import LogboomError, ServiceUnreachable

_LOOK_S = 0.5


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("doctor")(doctor)


def doctor(
    url: Annotated[str, typer.Option(help="Where the API is.")] = DEFAULT_URL,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for what is still on its way.", min=0)
    ] = 10.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print health and ledger as JSON.")
    ] = False,
) -> None:
    """Prints the health of all parts and the ledger; exit status 1 when a line is unaccounted for.

    Example: logboom doctor --url http://127.0.0.1:7700
    """
    health, ledger, trouble = _settled(url, wait)
    if ledger is None:
        sys.stdout.write(json.dumps({"health": health, "ledger": None}) + "\n" if as_json else "")
        if not as_json:
            _print_health(Console(), health)
        raise ServiceUnreachable(f"there is no ledger: {trouble}", mend="see the health above")
    if as_json:
        sys.stdout.write(json.dumps({"health": health, "ledger": ledger}) + "\n")
    else:
        _print(health, ledger)
    well = health["status"] != "down" and ledger["verdict"] != "red"
    raise typer.Exit(0 if well else 1)


def _settled(url: str, wait_s: float) -> tuple[dict[str, Any], dict[str, Any] | None, str]:
    """What is still on its way gets some time to arrive.

    Returns:
        The health, and the ledger or why there is none.
    """
    due = time.monotonic() + wait_s
    while True:
        health, ledger, trouble = ask(url, "health", {}), None, ""
        try:
            ledger = ask(url, "ledger", {})
        except LogboomError as error:
            trouble = error.sentence()
        if (ledger is not None and ledger["verdict"] == "green") or time.monotonic() >= due:
            return health, ledger, trouble
        time.sleep(_LOOK_S)


def _print_health(console: Console, health: dict[str, Any]) -> None:
    console.print(f"health: {health['status']} - {health['verdict']}")
    for part in health["parts"]:
        console.print(f"  {part['name']}: {part['state']} {part['detail']}".rstrip())


def _print(health: dict[str, Any], ledger: dict[str, Any]) -> None:
    console = Console()
    _print_health(console, health)
    table = Table(title="Ledger", title_justify="left")
    columns = (
        "lines_read",
        "lines_acked",
        "lines_empty",
        "lines_dead",
        "lines_dropped",
        "lines_pending",
        "events_acked",
        "events_stored",
        "verdict",
    )
    table.add_column("source", overflow="fold")
    for column in columns:
        table.add_column(column.replace("_", " "), justify="right")
    for row in ledger["sources"]:
        table.add_row(row["path"], *(str(row[column]) for column in columns))
    console.print(table)
    if ledger["losses"]:
        console.print(_losses(ledger["losses"]))
    for row in ledger["sources"]:
        for rule, lines in row["dropped"].items():
            console.print(f"  {row['path']}: {lines} lines dropped by rule: {rule}", markup=False)
    for finding in ledger["findings"]:
        console.print(f"  {finding}")
    console.print(f"ledger: {ledger['verdict']}")


def _losses(rows: list[dict[str, Any]]) -> Table:
    """What was being sent when its file vanished."""
    table = Table(title="Could not be sent again", title_justify="left")
    table.add_column("file", overflow="fold")
    table.add_column("found out")
    for column in ("lines", "bytes", "events", "events stored", "verdict"):
        table.add_column(column, justify="right")
    for row in rows:
        found_out = datetime.fromtimestamp(row["at_ns"] / 1e9, UTC)
        numbers = (str(row[name]) for name in ("lines", "bytes", "events", "events_stored"))
        table.add_row(row["path"], f"{found_out:%Y-%m-%d %H:%M:%SZ}", *numbers, row["verdict"])
    return table
