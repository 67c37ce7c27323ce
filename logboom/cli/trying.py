"""Commands that try things out: `parse`, `check`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from logboom.cli.options import ZoneOption
from logboom.config import Config, FileInput, from_mapping, read_config
from logboom.environment import process_environment
from logboom.errors import UsageError

_PIECE_BYTES = 1 << 20
_DEFAULTS: Mapping[str, Any] = {
    "format": "auto", "multiline": "auto", "service": None, "patterns": [], "encoding": "utf-8",
    "zone": "UTC",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("parse")(parse)
    app.command("check")(check)


def parse(
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    format: Annotated[str, typer.Option(help="Format: auto, json, plain, logfmt, …")] = "auto",  # noqa: A002 - the option's name
    multiline: Annotated[
        str, typer.Option(help="auto, none, or a pattern that begins an event.")
    ] = "auto",
    service: Annotated[str | None, typer.Option(help="service.name.", show_default=False)] = None,
    pattern: Annotated[
        list[str] | None, typer.Option(help="Grok pattern, with --format grok.", show_default=False)
    ] = None,
    encoding: Annotated[str, typer.Option(help="Encoding of the text.")] = "utf-8",
    zone: ZoneOption = "UTC",
    config_file: Annotated[
        Path | None,
        typer.Option(
            "-c",
            "--config",
            help="Use the input of this file that would read it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Parses without shipping: one normalised JSON event per line.

    The file is decompressed, its encoding recognised, and what is no log refused, as `up` does it.
    What has not the format that was named goes to standard error; with none named, the format that
    was found is told there at the end.

    Example: logboom parse --format json app.log
    Example: logboom parse -c logboom.yaml /var/log/app.log
    """
    from logboom.clock import SystemClock  # noqa: PLC0415 - not needed for --help
    from shipper.trying import try_events  # noqa: PLC0415 - not needed for --help

    settings = {
        "format": format, "multiline": multiline, "service": service, "patterns": pattern or [],
        "encoding": encoding, "zone": zone,
    }  # fmt: skip
    if config_file is None:
        config, section = _described(file, settings)
    elif settings == _DEFAULTS:
        config, section = _configured(file, config_file)
    else:
        raise UsageError("the input of -c has its own settings", mend="leave out the other options")
    actual, pieces = _text_of(file, section.encoding)
    section = section.model_copy(update={"encoding": actual})
    found: dict[str, None] = {}
    for tried in try_events(
        section, config, path=file, pieces=_readable(file, pieces), clock=SystemClock()
    ):
        out = sys.stdout if tried.parsed else sys.stderr
        out.write(tried.value.decode() + "\n")
        found[tried.format] = None
    if section.format == "auto":
        found.pop("auto", None)
        sys.stderr.write(f"logboom: format: {', '.join(found) or 'none, plain text'}\n")


def _described(file: str, settings: Mapping[str, Any]) -> tuple[Config, FileInput]:
    """The input that the options describe."""
    rule = settings["multiline"]
    if rule not in {"auto", "none"}:
        rule = {"pattern": rule, "negate": True, "match": "after"}
    content = {"kind": "file", "path": file, **settings, "multiline": rule}
    config = from_mapping({"inputs": [content]}, origin="logboom parse")
    section = config.inputs[0]
    if not isinstance(section, FileInput):
        raise UsageError("parse reads files")
    return config, section


def _configured(file: str, config_file: Path) -> tuple[Config, FileInput]:
    """The first input of a configuration that names a file."""
    from shipper.trying import naming_input  # noqa: PLC0415 - not needed for --help

    config = read_config(config_file, process_environment())
    section = naming_input(file, config)
    if section is None:
        raise UsageError(
            f"no input of {config_file} names it", where=file,
            mend="ask `logboom why` for the reason",
        )  # fmt: skip
    return config, section


def _text_of(file: str, encoding: str) -> tuple[str, Iterator[bytes]]:
    """The encoding of a file or a pipe, and its bytes."""
    from shipper.looking import look_at, look_at_bytes, pieces_of  # noqa: PLC0415 - not for --help

    if file != "-" and Path(file).is_file():
        try:
            look = look_at(file, encoding)
        except OSError as error:
            raise _unreadable(file, error) from error
        pieces = pieces_of(file, look.encoding)
    else:
        pieces = _pieces(_opened(file))
        first = next(pieces, b"")
        look = look_at_bytes(first, encoding)
        pieces = chain([first], pieces)
    if look.why_not is not None:
        raise UsageError(f"it is not read: {look.why_not}", where=file)
    return look.encoding, pieces


def _readable(file: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: str, error: OSError) -> UsageError:
    return UsageError(f"cannot be read: {error.strerror or error}", where=file)


def _opened(file: str) -> BinaryIO:
    if file == "-":
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise _unreadable(file, error) from error


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE_BYTES):
        yield piece


def check(
    config: Annotated[Path, typer.Option("-c", "--config", help="Configuration file.")],
) -> None:
    """Validates a configuration, connects to what it names, and prints what it would read.

    Nothing is made, and nothing is read but the beginnings of files, and of compressed ones the end.

    Example: logboom check -c logboom.yaml
    """
    from logboom.cli.connecting import connect  # noqa: PLC0415 - not needed for --help
    from search_api.alerts.checking import check_rules  # noqa: PLC0415 - not needed for --help
    from search_api.notifying.doubts import doubts_of  # noqa: PLC0415 - not needed for --help
    from shipper.trying import check_inputs, readable_files  # noqa: PLC0415 - not needed for --help

    checked = read_config(config, process_environment())
    check_inputs(checked, origin=str(config))
    for path, verdict in readable_files(checked):
        sys.stdout.write(f"{path}: {verdict}\n")
    if not checked.inputs:
        sys.stdout.write("inputs: there are none: a shipper would have nothing to read\n")
    for section in checked.inputs:
        if section.kind == "stdin":
            sys.stdout.write("standard input: would be read\n")
        elif section.kind != "file":
            where = getattr(section, section.kind)
            sys.stdout.write(f"{section.kind} {where}: would be listened on\n")
    sentences, problems, doubts = check_rules(checked.alerts.rules)
    sys.stdout.writelines(f"{sentence}\n" for sentence in sentences)
    doubts += [f"{config}: {doubt}" for doubt in doubts_of(checked.alerts)]
    sys.stderr.writelines(f"logboom: warning: {doubt}\n" for doubt in doubts)
    problems += asyncio.run(connect(checked))
    for problem in problems:
        sys.stderr.write(f"logboom: {problem}\n")
    if problems:
        raise typer.Exit(1)
    sys.stdout.write(f"{config} is fine\n")
