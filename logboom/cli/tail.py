"""`logboom tail`: see events as they arrive."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from logboom.cli.options import JsonOption, UrlOption
from logboom.cli.query_words import query_of
from logboom.cli.remote import DEFAULT_URL, stream
from logboom.cli.showing import line_of
from logboom.errors import ServiceUnreachable
from logboom.retrying import Backoff


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("tail", context_settings={"ignore_unknown_options": True})(tail)


def tail(
    context: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Argument(help="In Lucene's syntax; without one everything.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    fields: Annotated[
        str | None, typer.Option(help="Fields to show, a,b.", show_default=False)
    ] = None,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Prints events as they arrive, until Ctrl-C; goes on by itself when the API was away.

    Example: logboom tail 'level:error AND service:checkout'
    """
    colours = sys.stdout.isatty()
    for name, content in _messages(url, query_of(query, context)):
        if name == "dropped":
            sys.stderr.write(f"logboom: {_left_out(content)}\n")
            continue
        if name == "place":
            continue
        if name == "problem":
            sys.stderr.write(f"logboom: {content['detail']}\n")
            raise typer.Exit(1)
        line = line_of(content, as_json=as_json, fields=fields, colours=colours)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def _left_out(content: dict[str, Any]) -> str:
    """What is not shown, in words."""
    sentence = f"{content['dropped']} events more, too many to show"
    passed_over = content.get("passed_over", 0)
    return f"{sentence}; {passed_over} were not looked at" if passed_over else sentence


def _messages(url: str, query: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Messages of the stream, by their name; it is taken up again where it broke off."""
    last: str | None = None
    backoff = Backoff(most_s=2.0)
    was_there = False
    while True:
        name, place = "message", last
        try:
            for line in stream(url, "tail", {"q": query or None}, last_event_id=last):
                was_there = True
                backoff.reset()
                kind, _, value = line.partition(": ")
                if kind == "id":
                    place = value
                elif kind == "event":
                    name = value
                elif kind == "data":
                    last = place  # what broke off before its end comes again
                    yield name, json.loads(value)
                    name = "message"
        except ServiceUnreachable:
            if not was_there:
                raise
        time.sleep(backoff.next_wait_s())
