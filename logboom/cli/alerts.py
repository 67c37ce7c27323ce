"""`logboom alerts`: what fires, do rules say what they are meant to, would one have fired?"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from logboom.cli import silences
from logboom.cli.layout import in_the_middle, printable
from logboom.cli.options import BeginOption, JsonOption, UntilOption, UrlOption
from logboom.cli.remote import DEFAULT_URL, ask, tell
from logboom.errors import UsageError
from logboom.quantities import quantity

_HEADER = ("state", "severity", "alert", "since", "value", "summary")
_LABEL_WIDTH = 40
_SUMMARY_WIDTH = 70


class StateChoice(Enum):
    """Which alerts are listed."""

    FIRING = "firing"
    PENDING = "pending"
    RESOLVED = "resolved"


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    group = typer.Typer(
        name="alerts", help="Alerts: list them, test rules.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    group.command("list")(list_alerts)
    group.command("test")(test)
    group.command("backtest")(backtest)
    silences.register(group)
    app.add_typer(group)


def list_alerts(
    state: Annotated[
        StateChoice | None,
        typer.Option(help="Only those in this state; default: all.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Lists what fires, is pending, or has resolved within the last seven days.

    Example: logboom alerts list --state firing
    """
    found = ask(url, "alerts", {"state": None if state is None else state.value, "limit": 1000})
    _print(found["alerts"], as_json=as_json)
    sys.stderr.write(f"{len(found['alerts'])} of {found['total']} alerts\n")


def test(
    files: Annotated[list[Path], typer.Argument(help="Files with tests.", show_default=False)],
) -> None:
    """Runs tests of rules: events in, alerts expected. Exit status 1 when one fails.

    Example: logboom alerts test rules-test.yaml
    """
    from search_api.alerts.testing import run_tests  # noqa: PLC0415 - not needed for --help

    failed = 0
    for file in files:
        for outcome in asyncio.run(run_tests(file)):
            sys.stdout.write(f"{'FAILED' if outcome.failures else 'ok'}  {outcome.name}\n")
            sys.stdout.writelines(f"        {text}\n" for text in outcome.failures)
            failed += bool(outcome.failures)
    if failed:
        raise typer.Exit(1)


def backtest(
    rule: Annotated[
        str, typer.Argument(help="The group/name of a rule; with --file its name there.")
    ],
    since: BeginOption = "24h",
    until: UntilOption = None,
    file: Annotated[
        Path | None,
        typer.Option(help="A file of rules that are not in force yet.", show_default=False),
    ] = None,
    messages: Annotated[
        bool, typer.Option("--messages", help="Show the messages that would have been sent.")
    ] = False,
    as_json: JsonOption = False,
    url: UrlOption = DEFAULT_URL,
) -> None:
    """Says how often a rule would have fired, and what it would have told.

    Example: logboom alerts backtest web/HighErrorRate --since 7d
    """
    body: dict[str, Any] = {"rule": rule, "from": since, "to": until or "now"}
    if file is not None:
        body.update(_of_file(file, rule))
    found = tell(url, "rules/backtest", body)
    if messages and not as_json:
        _print_messages(found["alerts"])
    else:
        _print(found["alerts"], as_json=as_json)
    sys.stderr.writelines(f"warning: {one}\n" for one in found.get("warnings", ()))
    sys.stderr.write(
        f"{found['condition']}: would have fired {found['fired']} times in {found['evaluations']}"
        f" evaluations{_left_out(found)}\n"
    )


def _left_out(found: Mapping[str, Any]) -> str:
    shown = sum(alert["state"] == "firing" for alert in found["alerts"])
    return f"; the first {shown} are shown" if shown < found["fired"] else ""


def _of_file(file: Path, name: str) -> dict[str, Any]:
    """A rule of a file, as the API takes it."""
    import yaml  # noqa: PLC0415 - not needed for --help

    from logboom.config.yaml_text import read_yaml  # noqa: PLC0415 - likewise

    try:
        content = read_yaml(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror or error}", where=str(file)) from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise UsageError("is not valid YAML", where=str(file)) from error
    groups = content.get("groups", ()) if isinstance(content, dict) else ()
    for group in groups:
        for rule in group.get("rules", ()) if isinstance(group, dict) else ():
            names = {rule.get("alert"), f"{group.get('name')}/{rule.get('alert')}"}
            if name in names:
                return {"rule": rule, "every": str(group.get("every", "15s"))}
    raise UsageError(f"there is no rule {name}", where=str(file))


def _print(alerts: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.writelines(json.dumps(alert, ensure_ascii=False) + "\n" for alert in alerts)
        return
    rows = [_HEADER, *(_row(alert) for alert in alerts)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADER))]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def _print_messages(alerts: Sequence[Mapping[str, Any]]) -> None:
    for alert in alerts:
        lines = (alert["title"], *alert["text"].splitlines())
        sys.stdout.writelines(f"{printable(line)}\n" for line in lines)
        sys.stdout.write("\n")


def _row(alert: Mapping[str, Any]) -> tuple[str, ...]:
    labels: Mapping[str, str] = alert["labels"]
    value = alert["value"]
    name = labels.get("alertname", "")
    series = [v for n, v in labels.items() if n not in {"alertname", "severity"}]
    summary = alert["annotations"].get("summary") or alert["condition"]
    cells = (
        alert["state"],
        labels.get("severity", ""),
        in_the_middle(" ".join([name, *series]), _LABEL_WIDTH),
        alert["starts_at"][:16].replace("T", " "),
        "-" if value is None else quantity(value, alert["unit"]),
        in_the_middle(summary, _SUMMARY_WIDTH),
    )
    return tuple(printable(cell) for cell in cells)
