"""`logboom search`: find events from the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from logboom.cli.options import JsonOption, SinceOption, UntilOption, UrlOption, ZoneOption
from logboom.cli.query_words import query_of
from logboom.cli.remote import DEFAULT_URL, pages
from logboom.cli.showing import line_of, shortened
from logboom.errors import UsageError

MOST_HELD = 10_000
"""The newest events come first and are printed last: so many lines are held at most."""


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
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(help="Events at most; of the newest 10,000.", min=1)] = 100,
    sort: Annotated[
        str, typer.Option(help="Which ones: the newest (desc) or the oldest (asc).")
    ] = "desc",
    as_json: JsonOption = False,
    fields: Annotated[
        str | None, typer.Option(help="Fields to show, a,b.", show_default=False)
    ] = None,
    zone: ZoneOption = "UTC",
    url: UrlOption = DEFAULT_URL,
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
    newest_first = sort == "desc"
    if newest_first and limit > MOST_HELD:
        raise UsageError(
            f"the newest {limit:,} events cannot be printed oldest first: {MOST_HELD:,} are held at"
            " most",
            where="--limit",
            mend="`logboom export` writes any number of them; `--sort asc` prints as they come",
        )
    is_terminal = sys.stdout.isatty()

    def text_of(event: dict[str, Any]) -> str:
        line = line_of(event, as_json=as_json, fields=fields, colours=is_terminal)
        return (shortened(line) if is_terminal and not as_json else line) + "\n"

    found = _Found(pages(url, asked, limit), text_of)
    if newest_first:
        sys.stdout.writelines(reversed([line for lines in found.lines() for line in lines]))
    else:
        for lines in found.lines():
            sys.stdout.writelines(lines)
            sys.stdout.flush()
    if not as_json:
        sys.stderr.write(f"{found.summary()}\n")


class _Found:
    """What a search finds, page by page.

    Args:
        pages: The API's answers.
        text_of: How an event is printed.
    """

    def __init__(
        self, pages: Iterator[dict[str, Any]], text_of: Callable[[dict[str, Any]], str]
    ) -> None:
        self._pages = pages
        self._text_of = text_of
        self._count = 0
        self._total: dict[str, Any] = {}

    def lines(self) -> Iterator[list[str]]:
        """The events of one page after the other as they are printed; warnings are told at once."""
        for page in self._pages:
            self._count += len(page["events"])
            self._total = page["total"]
            for warning in page["warnings"]:
                sys.stderr.write(f"logboom: {warning}\n")
            yield [self._text_of(event) for event in page["events"]]

    def summary(self) -> str:
        """How many there were, and how many there are."""
        more = "at least " if self._total.get("relation") == "gte" else ""
        return f"{self._count} of {more}{self._total.get('value', 0)} events"
