"""`logboom search`: find events from the terminal."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from logboom.cli.remote import DEFAULT_URL, pages

_LONGEST_SHOWN = 8_000
_COLOURS = {"error": "31", "fatal": "1;31", "warn": "33", "info": "32", "debug": "36", "trace": "2"}


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("search", context_settings={"ignore_unknown_options": True})(search)


def search(
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
    url: Annotated[str, typer.Option(help="Where the API is.")] = DEFAULT_URL,
) -> None:
    """Finds events and prints them, the newest last.

    Example: logboom search 'level:error AND service:checkout' --since 1h
    """
    asked = {"q": " ".join(query or ()), "from": since, "to": until, "sort": sort, "fields": fields}
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
        line = _line(event, as_json=as_json, fields=fields, colours=is_terminal)
        sys.stdout.write((_shortened(line) if is_terminal and not as_json else line) + "\n")
    if not as_json:
        more = "at least " if total.get("relation") == "gte" else ""
        sys.stderr.write(f"{len(found)} of {more}{total.get('value', 0)} events\n")


def _line(event: dict[str, Any], *, as_json: bool, fields: str | None, colours: bool) -> str:
    if as_json:
        return json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    if fields:
        return "  ".join(_text(_at(event, name)) for name in fields.split(","))
    level = _text(_at(event, "log.level") or "-")
    service = _text(_at(event, "service.name") or "-")
    first, _, rest = _text(event.get("message", "")).partition("\n")
    trace = _at(event, "error.stack_trace")
    if not rest and isinstance(trace, str) and trace not in first:
        rest = trace
    head = f"{event.get('@timestamp', '-')} {level.upper():5} {service:16} "
    if colours:
        head = f"\x1b[{_COLOURS.get(level, '0')}m{head}\x1b[0m"
    indented = "".join(f"\n    {line}" for line in rest.splitlines())
    return head + _printable(first) + _printable(indented)


def _shortened(text: str) -> str:
    """An event as a terminal can show it; `--json` shows all of it."""
    if len(text) <= _LONGEST_SHOWN:
        return text
    return f"{text[:_LONGEST_SHOWN]} … ({len(text) - _LONGEST_SHOWN} more characters: see --json)"


def _at(event: dict[str, Any], name: str) -> object:
    value: Any = event
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _text(value: object) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _printable(text: str) -> str:
    """Control characters in a log must not steer the terminal."""
    return "".join(c if c >= " " or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
