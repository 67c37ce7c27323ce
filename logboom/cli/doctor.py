"""`logboom doctor`: is everything well, and is every line accounted for?"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from textwrap import wrap
from typing import Annotated, Any

import typer

from logboom.cli.arriving import has_arrived, leaves_unread, stuck_because
from logboom.cli.layout import in_the_middle
from logboom.cli.options import UrlOption
from logboom.cli.remote import DEFAULT_URL, ask
from logboom.errors import LogboomError, ServiceUnreachable

_LOOK_S = 0.5
_WIDTH = 80
_MOST_ROWS = 20
_LONGEST_WORD = 56


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("doctor")(doctor)


def doctor(
    url: UrlOption = DEFAULT_URL,
    wait: Annotated[
        float, typer.Option(help="Seconds to wait for what is still on its way.", min=0)
    ] = 10.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print health and ledger as JSON.")
    ] = False,
) -> None:
    """Prints the health of all parts and the ledger; exit status 1 when something is wrong.

    That is when a part is down, a line is unaccounted for, or events are on their way and stay there.

    Example: logboom doctor --url http://127.0.0.1:7700
    """
    seen = _settled(url, wait)
    health, ledger = seen.health, seen.ledger
    if ledger is None:
        sys.stdout.write(json.dumps({"health": health, "ledger": None}) + "\n" if as_json else "")
        if not as_json:
            _print_health(health)
        raise ServiceUnreachable(f"there is no ledger: {seen.trouble}", mend="see the health above")
    stuck = stuck_because(health, ledger, seen.first, seen.took_s)
    if as_json:
        sys.stdout.write(json.dumps({"health": health, "ledger": ledger, "stuck": stuck}) + "\n")
    else:
        _print(health, ledger, has_arrived=has_arrived(seen.first, ledger))
        for reason in stuck:
            _say("\n".join(wrap(f"stuck: {reason}", _WIDTH, subsequent_indent="  ")))
    well = health["status"] != "down" and ledger["verdict"] != "red" and not stuck
    raise typer.Exit(0 if well else 1)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a pipeline: how it is, its first ledger and its last, or why there is none."""

    health: dict[str, Any]
    first: dict[str, Any] | None
    ledger: dict[str, Any] | None
    trouble: str
    took_s: float


def _settled(url: str, wait_s: float) -> _Seen:
    """What is still on its way gets some time to arrive; what comes meanwhile is not waited for."""
    begun = time.monotonic()
    first: dict[str, Any] | None = None
    told = False
    while True:
        health, ledger, trouble = ask(url, "health", {}), None, ""
        try:
            ledger = ask(url, "ledger", {})
        except LogboomError as error:
            trouble = error.sentence()
        first = first or ledger
        took_s = time.monotonic() - begun
        is_settled = has_arrived(first, ledger) and not leaves_unread(health)
        if is_settled or took_s >= wait_s:
            return _Seen(health, first, ledger, trouble, took_s)
        if not told:
            told = True
            sys.stderr.write(
                f"health: {health['status']}; lines or events are on their way: looking for {wait_s:.0f} s"
                " (--wait 0: not at all)\n"
            )
        time.sleep(_LOOK_S)


def _print(health: dict[str, Any], ledger: dict[str, Any], *, has_arrived: bool) -> None:
    _print_health(health)
    rows = sorted((row for row in ledger["sources"] if not _is_blank(row)), key=_rank)
    blank = len(ledger["sources"]) - len(rows)
    for row in rows[:_MOST_ROWS]:
        _say(_source(row))
    if len(rows) > _MOST_ROWS:
        left = rows[_MOST_ROWS:]
        green = sum(row["verdict"] == "green" for row in left)
        _say(f"and {len(left)} sources more, {green} of them green: see --json")
    if blank:
        _say(f"and {blank} source{'' if blank == 1 else 's'} without a line: see --json")
    for row in ledger["losses"]:
        _say(_loss(row))
    if ledger.get("dead"):
        _say(f"dead letters: {ledger['dead']:,} (see `logboom dead list`)")
    if ledger.get("discarded"):
        _say(f"dead letters that were discarded: {ledger['discarded']:,} (see audit/dead.log)")
    if has_arrived and ledger["verdict"] != "green":
        _say(f"ledger: green, and {ledger['lag']:,} events that came meanwhile are on their way")
        return
    for finding in ledger["findings"][:_MOST_ROWS]:
        _say("\n".join(wrap(finding, _WIDTH, initial_indent="! ", subsequent_indent="  ")))
    _say(f"ledger: {ledger['verdict']}")


def _is_blank(row: dict[str, Any]) -> bool:
    """Whether nothing can be said of a source: a new spool, for example, or one of an earlier start."""
    counted = ("lines_read", "lines_pending", "events_acked", "events_stored")
    return row["verdict"] == "green" and not any(row.get(name) for name in counted)


def _rank(row: dict[str, Any]) -> tuple[bool, bool]:
    """What is not well comes first, then what has lines."""
    return row["verdict"] == "green", not row["lines_read"]


def _print_health(health: dict[str, Any]) -> None:
    _say(_folded(f"health: {health['status']} - {health['verdict']}", indent=""))
    for part in health["parts"]:
        _say(_folded(f"{part['name']}: {part['state']} {part['detail']}", indent="  "))


def _folded(sentence: str, *, indent: str) -> str:
    """A sentence within the width: long words, which are paths, lose their middle, and nothing else."""
    words = [in_the_middle(word, _LONGEST_WORD) for word in sentence.split()]
    more = f"{indent}  "
    return "\n".join(
        wrap(" ".join(words), _WIDTH, initial_indent=indent, subsequent_indent=more,
             break_on_hyphens=False)
    )  # fmt: skip


def _source(row: dict[str, Any]) -> str:
    """A source's side of the ledger as the sums that must be right."""
    verdict = row["verdict"]
    path = in_the_middle(row["path"], _WIDTH - len(verdict) - 1)
    kinds = (
        f"{row[f'lines_{kind}']:,} {kind}"
        for kind in ("acked", "empty", "dead", "discarded", "dropped", "pending")
        if row.get(f"lines_{kind}") or kind == "acked"
    )
    lines = f"  lines   {row['lines_read']:,} read = {' + '.join(kinds)}"
    events = f"  events  {row['events_acked']:,} acked, {row['events_stored']:,} stored"
    folded = "\n".join(wrap(lines, _WIDTH, subsequent_indent=" " * 10))
    return f"{path} {verdict:>{_WIDTH - len(path) - 1}}\n{folded}\n{events}"


def _loss(row: dict[str, Any]) -> str:
    """What was being sent when its file vanished, or a damaged file."""
    found_out = f"found out {datetime.fromtimestamp(row['at_ns'] / 1e9, UTC):%Y-%m-%d %H:%M:%SZ}"
    about = (
        f"  could not be sent again, {found_out}: {row['lines']:,} lines,"
        f" {row['bytes']:,} bytes; of {row['events']:,} events {row['events_stored']:,} are stored"
    )
    if not row["run"]:
        about = f"  is damaged, {found_out}: nothing of its {row['bytes']:,} bytes is read"
    path = in_the_middle(row["path"], _WIDTH - len(row["verdict"]) - 1)
    folded = "\n".join(wrap(about, _WIDTH, subsequent_indent="  "))
    return f"{path} {row['verdict']:>{_WIDTH - len(path) - 1}}\n{folded}"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
