"""The command that tries grok patterns out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from logboom.clock import SystemClock


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("grok")(grok)


def grok(
    pattern: Annotated[
        list[str], typer.Argument(help="Grok patterns in Logstash's syntax, tried in order.")
    ],
    patterns: Annotated[
        Path | None, typer.Option(help="A folder with pattern files.", show_default=False)
    ] = None,
    ecs: Annotated[bool, typer.Option("--ecs", help="Logstash's ECS v1 pattern set.")] = False,
    cost: Annotated[
        bool,
        typer.Option(
            "--cost",
            help="Print the cost per line, in µs, and a report per pattern to standard error.",
        ),
    ] = False,
    budget_ms: Annotated[
        float, typer.Option(min=1, help="CPU time that a pattern may take on one line.")
    ] = 100.0,
) -> None:
    """Matches standard input's lines: one JSON object of captures a line, null for a miss.

    Example: tail app.log | logboom grok '%{TIMESTAMP_ISO8601:time} %{GREEDYDATA:message}'
    """
    from shipper.parsers.grok import Grok, PatternLibrary, TimedOut  # noqa: PLC0415 - not for --help
    from shipper.parsers.grok.report import CostReport  # noqa: PLC0415 - not needed for --help

    library = PatternLibrary.of("ecs-v1" if ecs else "legacy")
    library = library.extended({}, [patterns] if patterns else [])
    compiled = Grok(pattern, library, budget_s=budget_ms / 1000)
    report = CostReport(compiled.patterns, SystemClock())
    for number, line in enumerate(sys.stdin.buffer, 1):
        found, took_us = report.match(line.decode("utf-8", "backslashreplace").rstrip("\r\n"))
        if isinstance(found, TimedOut):
            sys.stderr.write(f"logboom: line {number}: took longer than {budget_ms:g} ms\n")
            found = None
        sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
        if cost:
            sys.stderr.write(f"{took_us:.1f}\n")
    if cost:
        sys.stderr.writelines(f"{row}\n" for row in report.lines())
