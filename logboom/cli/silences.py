"""`logboom alerts silence`: which alerts are to be quiet, and for how long?"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer

from logboom.cli.layout import printable
from logboom.cli.options import JsonOption, UrlOption
from logboom.cli.remote import DEFAULT_URL, ask, erase, tell

_HEADER = ("id", "state", "until", "author", "matchers", "comment")


def register(alerts: typer.Typer) -> None:
    """Adds the commands to the group `alerts`."""
    group = typer.Typer(
        name="silence", help="Silences: alerts that nobody wants to be told of for a while.",
        no_args_is_help=True, rich_markup_mode=None,
    )  # fmt: skip
    group.command("list")(list_silences)
    group.command("add")(add)
    group.command("end")(end)
    alerts.add_typer(group)


def list_silences(
    expired: Annotated[
        bool, typer.Option("--expired", help="Show those that ended in the last days, too.")
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Lists silences, those that end last in front.

    Example: logboom alerts silence list --expired
    """
    found: list[dict[str, Any]] = ask(url, "silences", {"expired": str(expired).lower()})[
        "silences"
    ]
    if as_json:
        sys.stdout.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in found)
        return
    rows = [_HEADER, *(_row(one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows if found else ():
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
    sys.stderr.write(f"{len(found)} silences\n")


def add(
    matchers: Annotated[
        list[str],
        typer.Argument(help='Conditions on labels: severity=high, service.name=~"shop-.*".'),
    ],
    duration: Annotated[str, typer.Option("--for", help="How long: 30m, 2h, 1d.")] = "2h",
    comment: Annotated[str, typer.Option(help="Why.")] = "",
    author: Annotated[str, typer.Option(help="Who wants it.")] = "",
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Adds a silence for alerts that fulfil all conditions, and prints its id.

    Example: logboom alerts silence add severity=medium service.name=shop --for 2h
    """
    body = {"matchers": matchers, "duration": duration, "comment": comment, "author": author}
    made = tell(url, "silences", body)
    sys.stdout.write(made["id"] + "\n")
    sys.stderr.write(f"silent until {_minute(made['ends_at'])} UTC\n")
    sys.stderr.writelines(f"hint: {hint}\n" for hint in made.get("hints", ()))


def end(
    silence: Annotated[str, typer.Argument(help="Its id, as `list` shows it.")],
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Ends a silence now.

    Example: logboom alerts silence end 0123456789abcdef0123456789abcdef
    """
    erase(url, f"silences/{silence}")
    sys.stderr.write("ended\n")


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    texts = (
        one["id"], one["state"], _minute(one["ends_at"]), one["author"],
        " ".join(one["matchers"]), one["comment"],
    )  # fmt: skip
    return tuple(printable(text)[:100] for text in texts)


def _minute(time: str) -> str:
    return time[:16].replace("T", " ")
