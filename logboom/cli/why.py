"""`logboom why`: why a file is or is not read, to which byte, in which state."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any

import typer

from logboom.cli.layout import in_the_middle
from logboom.cli.options import ConfigOption, DataOption
from logboom.cli.remembered import remembered_inputs
from logboom.clock import SystemClock
from logboom.config import Config, KafkaSection, expand, from_mapping, read_mapping
from logboom.environment import process_environment
from logboom.errors import LogboomError
from logboom.status import STALE_AFTER_S, decode_losses, decode_status

if TYPE_CHECKING:
    from shipper.why import Explanation, Told

_WIDTH = 80
_MARKS = {"fine": "ok", "note": "--", "trouble": "NO"}
_CHECK_WIDTH = 11
_ASK_S = 10.0


def register(app: typer.Typer) -> None:
    """Adds the command to the command line."""
    app.command("why")(why)


def why(
    paths: Annotated[list[str], typer.Argument(help="Files.")],
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Says why files are or are not read, and to which byte; exit status 1 when one is not.

    Example: logboom why /var/log/app/app.log -c logboom.yaml
    Example: logboom why /var/log/app/*.log
    """
    from shipper.why import explain  # noqa: PLC0415 - not needed for --help

    settings: dict[str, Any] = (
        expand({}) if config is None else read_mapping(config, process_environment())
    )
    if data is not None:
        settings["data"] = str(data)
    checked = from_mapping(settings, origin=str(config or "logboom why"))
    told = asyncio.run(_told(checked))
    inputs = checked.inputs if config is not None else remembered_inputs(checked.data)
    answers = [explain(path, inputs, checked.data, told) for path in paths]
    if as_json:
        sys.stdout.writelines(f"{json.dumps(asdict(found))}\n" for found in answers)
    else:
        sys.stdout.write("\n".join(map(_page, answers)))
    raise typer.Exit(0 if all(found.is_read for found in answers) else 1)


async def _told(config: Config) -> Told:
    """What the status stream says, if there is one; nothing is made for that."""
    from logboom.broker import open_broker  # noqa: PLC0415 - not needed for --help
    from shipper.why import Told  # noqa: PLC0415 - not needed for --help

    if not isinstance(config.broker, KafkaSection) and not (config.data / "broker").exists():
        return Told()
    try:
        broker = await open_broker(config)
        try:
            async with asyncio.timeout(_ASK_S):
                entries = await broker.read_status()
        finally:
            await broker.close()
    except LogboomError as error:
        return Told(trouble=error.sentence())
    except TimeoutError:
        return Told(trouble=f"{broker.address} does not answer")
    services, sources = decode_status(entries)
    now_ns = SystemClock().now_ns()
    shippers = [
        service
        for service in services
        if service.service == "shipper"
        and service.state != "stopped"
        and now_ns - service.at_ns <= STALE_AFTER_S * 1e9
    ]
    return Told(shippers, sources, decode_losses(entries))


def _page(found: Explanation) -> str:
    troubles = [finding.sentence for finding in found.findings if finding.mark == "trouble"]
    verdict = f"not read: {troubles[0]}" if troubles else "read"
    to = f", to byte {found.read_to:,}" if found.read_to is not None else ""
    lines = [in_the_middle(found.path, _WIDTH), *wrap(f"{verdict}{to}", _WIDTH)]
    for finding in found.findings:
        front = f"  {_MARKS[finding.mark]}  {finding.check:<{_CHECK_WIDTH}}"
        lines += wrap(
            finding.sentence, _WIDTH, initial_indent=front, subsequent_indent=" " * len(front)
        )
    return "\n".join(lines) + "\n"
