"""`logboom dead`: what could not be shipped or stored, why, and sending it again or giving it up."""

from __future__ import annotations

import asyncio
import getpass
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from logboom.cli.layout import in_the_middle
from logboom.cli.options import ConfigOption, DataOption, JsonOption
from logboom.clock import SystemClock, utc_text
from logboom.config import Config, expand, from_mapping, read_mapping
from logboom.dead import DeadLetters, Letter, LetterHead
from logboom.dead.discarding import discard_letters
from logboom.environment import process_environment
from logboom.errors import UsageError

_WIDTH = 80

EventsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Ids of events.", show_default=False),
]
EveryOption = Annotated[bool, typer.Option("--all", help="All dead letters.")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    group = typer.Typer(
        name="dead", help="Dead letters: what could not be shipped or stored.",
        no_args_is_help=True, rich_markup_mode=None,
    )  # fmt: skip
    group.command("list")(list_letters)
    group.command("show")(show)
    group.command("replay")(replay)
    group.command("discard")(discard)
    app.add_typer(group)


def list_letters(
    config: ConfigOption = None,
    data: DataOption = None,
    limit: Annotated[int, typer.Option(help="Letters at most, the oldest first.", min=1)] = 100,
    as_json: JsonOption = False,
) -> None:
    """Lists dead letters.

    Example: logboom dead list -c logboom.yaml
    """
    letters = _letters(_config(config, data))
    heads = letters.heads(limit=limit)
    for head in heads:
        sys.stdout.write(json.dumps(_told(head)) + "\n" if as_json else _lines(head))
    if not as_json:
        status = letters.status(at_ns=SystemClock().now_ns())
        count = 0 if status is None else status.letters
        more = f", {len(heads)} of them shown" if count > len(heads) else ""
        sys.stdout.write(f"{count} dead letters{more}\n")


def show(
    event: Annotated[str, typer.Argument(metavar="ID", help="Id of the event.")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Prints a dead letter with its event as JSON.

    Example: logboom dead show 0123456789abc000000000 -c logboom.yaml
    """
    found = _letters(_config(config, data)).get(event)
    if not found:
        raise UsageError(f"there is no dead letter {event}", mend="see `logboom dead list`")
    for letter in found:
        sys.stdout.write(json.dumps(_told(letter.head) | {"event": _event(letter)}) + "\n")


def replay(
    events: EventsArgument = None,
    config: ConfigOption = None,
    data: DataOption = None,
    every: EveryOption = False,
) -> None:
    """Sends dead letters again, under their old ids; exit status 1 when some are refused still.

    Example: logboom dead replay --all -c logboom.yaml
    """
    if bool(events) == every:
        raise UsageError("needs the ids of events, or --all", mend="see `logboom dead list`")
    settings = _config(config, data)
    letters = _letters(settings)
    _check_known(events, letters.heads())
    sent, refused = asyncio.run(_replay(settings, letters, None if every else events))
    sys.stdout.write(f"{sent} sent, {refused} refused\n")
    raise typer.Exit(1 if refused else 0)


def discard(
    events: EventsArgument = None,
    config: ConfigOption = None,
    data: DataOption = None,
    every: EveryOption = False,
    reason: Annotated[
        str | None, typer.Option(help="Those with this in their reason.", show_default=False)
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Gives dead letters up for good: their events are nowhere else. The ledger goes on to count them.

    Example: logboom dead discard --reason "larger than" -c logboom.yaml
    """
    if bool(events) + every + bool(reason) != 1:
        raise UsageError(
            "needs the ids of events, or --reason, or --all", mend="see `logboom dead list`"
        )
    settings = _config(config, data)
    letters = _letters(settings)
    heads = [head for head in letters.heads() if not head.replaying]
    _check_known(events, heads)
    chosen = [
        head.event
        for head in heads
        if every or head.event in (events or ()) or (reason and reason in head.reason)
    ]
    if chosen and not yes:
        _ask(f"{_counted(len(chosen))} will be deleted for good")
    gone = discard_letters(
        letters, chosen, audit=settings.data / "audit" / "dead.log", by=getpass.getuser(),
        clock=SystemClock(),
    ) if chosen else []  # fmt: skip
    if gone:
        asyncio.run(_tell(settings, letters))
    sys.stdout.write(f"{_counted(len(gone))} discarded\n")


def _counted(letters: int) -> str:
    return "1 dead letter" if letters == 1 else f"{letters} dead letters"


def _ask(what: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"{what}, and nobody can be asked", mend="write --yes")
    if not typer.confirm(f"{what}. Go on?", err=True):
        raise typer.Exit(1)


def _check_known(events: Sequence[str] | None, heads: Sequence[LetterHead]) -> None:
    known = {head.event for head in heads}
    strange = [event for event in events or () if event not in known]
    if strange:
        raise UsageError(f"there is no dead letter {strange[0]}", mend="see `logboom dead list`")


async def _tell(config: Config, letters: DeadLetters) -> None:
    """Tells the status stream what the letters are now."""
    from logboom.broker import open_broker  # noqa: PLC0415 - not needed for --help
    from logboom.dead.telling import DeadTelling  # noqa: PLC0415 - not needed for --help

    broker = await open_broker(config)
    try:
        await broker.post_status(await DeadTelling(letters, SystemClock()).news())
    finally:
        await broker.close()


async def _replay(
    config: Config, letters: DeadLetters, events: Sequence[str] | None
) -> tuple[int, int]:
    from logboom.broker import open_broker  # noqa: PLC0415 - not needed for --help
    from logboom.dead.replaying import replay as send  # noqa: PLC0415 - not needed for --help
    from logboom.dead.telling import DeadTelling  # noqa: PLC0415 - not needed for --help

    broker = await open_broker(config)
    try:
        done = await send(letters, broker, SystemClock(), events)
        news = await DeadTelling(letters, SystemClock()).news()
        if news:
            await broker.post_status(news)
    finally:
        await broker.close()
    return done.sent, done.refused


def _config(path: Path | None, data: Path | None) -> Config:
    settings: dict[str, Any] = (
        expand({}) if path is None else read_mapping(path, process_environment())
    )
    if data is not None:
        settings["data"] = str(data)
    return from_mapping(settings, origin=str(path or "logboom dead"))


def _letters(config: Config) -> DeadLetters:
    return DeadLetters(config.data / "dead", max_bytes=config.dead_letters.max_bytes)


def _told(head: LetterHead) -> dict[str, Any]:
    content = asdict(head)
    content["id"] = content.pop("event")
    content["at"] = utc_text(content.pop("at_ns"))
    return {"id": content.pop("id"), **content}


def _event(letter: Letter) -> Any:  # noqa: ANN401 - JSON is of any shape
    try:
        return json.loads(letter.value)
    except ValueError:
        return letter.value.decode("utf-8", "backslashreplace")


def _lines(head: LetterHead) -> str:
    """A letter in lines of at most 80 columns."""
    place = "" if head.start < 0 else f" byte {head.start}"
    where = f"{in_the_middle(head.path or 'not from a file', _WIDTH - 2 - len(place))}{place}"
    back = ", on its way back" if head.replaying else ""
    facts = f"{utc_text(head.at_ns)[:19]}Z  {head.part}  {head.size} bytes{back}"
    reason = in_the_middle(head.reason, 2 * _WIDTH)
    return f"{head.event}  {facts}\n  {where}\n  {reason}\n"
