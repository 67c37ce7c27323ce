"""`logboom errors`: which errors are there, how often, since when?"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from logboom.cli.layout import in_the_middle, printable
from logboom.cli.options import BeginOption, JsonOption, UntilOption, UrlOption
from logboom.cli.query_words import query_of
from logboom.cli.remote import DEFAULT_URL, ask

_TITLE_WIDTH = 60
_SERVICES_WIDTH = 24


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("errors", context_settings={"ignore_unknown_options": True})(errors)


def errors(
    context: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Argument(help="Only errors that match it; default: all.", show_default=False),
    ] = None,
    since: BeginOption = "24h",
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(help="Groups at most.", min=1, max=1000)] = 20,
    sort: Annotated[
        str, typer.Option(help="Which come first: count, last_seen or first_seen.")
    ] = "count",
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Lists groups of errors: how many, first and last seen, where, what.

    Example: logboom errors service:checkout --since 7d
    """
    asked = {
        "q": query_of(query, context), "from": since, "to": until, "limit": limit, "sort": sort,
    }  # fmt: skip
    answer = ask(url, "errors", asked)
    for warning in answer["warnings"]:
        sys.stderr.write(f"logboom: {warning}\n")
    groups: list[dict[str, Any]] = answer["errors"]
    if as_json:
        sys.stdout.writelines(json.dumps(group, ensure_ascii=False) + "\n" for group in groups)
        return
    for row in _table(groups):
        sys.stdout.write(row.rstrip() + "\n")
    at_least = "" if answer["complete"] else "at least "
    sys.stderr.write(f"{len(groups)} of {at_least}{answer['total']} groups\n")


def _table(groups: list[dict[str, Any]]) -> list[str]:
    rows = [("count", "first seen", "last seen", "services", "fingerprint", "error")]
    rows += [
        (
            str(group["count"]),
            _minute(group["first_seen"]),
            _minute(group["last_seen"]),
            in_the_middle(printable(", ".join(group["services"])), _SERVICES_WIDTH),
            printable(group["fingerprint"]),
            in_the_middle(printable(group["title"]), _TITLE_WIDTH),
        )
        for group in groups
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column == 0 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _minute(time: str | None) -> str:
    return "-" if time is None else time[:16].replace("T", " ")
