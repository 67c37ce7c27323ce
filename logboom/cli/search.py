"""`logboom search`: find events from the terminal."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from logboom.cli.query_words import query_of
from logboom.cli.remote import DEFAULT_URL, pages
from logboom.cli.showing import line_of, shortened


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("search", context_settings={"ignore_unknown_options": True})(search)


def search(
    context: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Argument(
            help="In Lucene's syntax; without one everything is found.", show_default=False
        ),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Begin: 1h, now/d, yesterday, …", show_default=False)
    ] = None,
    until: Annotated[str | None, typer.Option(help="End, likewise.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(help="Events at most.", min=1)] = 100,
    sort: Annotated[
        str, typer.Option(help="Which ones: the newest (desc) or the oldest (asc).")
    ] = "desc",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    fields: Annotated[
        str | None, typer.Option(help="Fields to show, a,b.", show_default=False)
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of times that do not say theirs.")] = "UTC",
    url: Annotated[str, typer.Option(help="Where the API is.")] = DEFAULT_URL,
) -> None:
    """Finds events and prints them, the newest last.

    Example: logboom search 'level:error AND service:checkout' --since 1h
    """
    asked = {
        "q": query_of(query, context),
        "from": since,
        "to": until,
        "sort": sort,
        "fields": fields,
        "tz": zone,
    }
    found: list[dict[str, Any]] = []
    total: dict[str, Any] = {}
    for page in pages(url, asked, limit):
        found += page["events"]
        total = page["total"]
        for warning in page["warnings"]:
            sys.stderr.write(f"logboom: {warning}\n")
    if sort == "desc":
        found.reverse()
    is_terminal = sys.stdout.isatty()
    for event in found:
        line = line_of(event, as_json=as_json, fields=fields, colours=is_terminal)
        sys.stdout.write((shortened(line) if is_terminal and not as_json else line) + "\n")
    if not as_json:
        more = "at least " if total.get("relation") == "gte" else ""
        sys.stderr.write(f"{len(found)} of {more}{total.get('value', 0)} events\n")
