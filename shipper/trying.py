"""What would the shipper make of this? Parsing without shipping."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from logboom.certificates import server_context
from logboom.clock import Clock
from logboom.config import Config, FileInput, HttpInput, StdinInput, SyslogInput
from logboom.errors import ConfigError
from logboom.event import IndexDays, source_run
from shipper.events.assembly import Assembler
from shipper.events.making import PARSE_FAILED
from shipper.events.treatment import Treatment
from shipper.files.discovery import find_files, is_named, unmatched
from shipper.framing.spooled import spooled
from shipper.looking import look_at
from shipper.rules.making import make_rules
from shipper.why.content import what_is_missing


@dataclass(frozen=True, slots=True)
class Tried:
    """One event as it would be sent.

    Attributes:
        value: The event as JSON.
        parsed: False when it did not have the format that was named.
        format: The format that the source has, as far as it was read then.
    """

    value: bytes
    parsed: bool
    format: str


def try_events(
    section: FileInput, config: Config, *, path: str, pieces: Iterable[bytes], clock: Clock
) -> Iterator[Tried]:
    """Frames, parses, normalises and redacts bytes, without sending anything.

    Args:
        section: The input's settings.
        config: For bounds and retention.
        path: What the bytes come from, for `log.file.path` and the service's name.
        pieces: The bytes, in pieces of any size.
        clock: For the read time.
    """
    assembler = Assembler(
        section, source="try", run=source_run("try", 0), epoch=0, path=path,
        max_event_bytes=config.shipper.max_event_bytes, days=IndexDays(config.retention.keep),
        treatment=Treatment.of(config),
    )  # fmt: skip
    offset, pending = 0, b""
    for piece, ended in _and_the_last(pieces):
        buffer = pending + piece
        assembled = assembler.assemble(buffer, offset=offset, read_ns=clock.now_ns(), ended=ended)
        offset += assembled.consumed
        pending = buffer[assembled.consumed :]
        for message in assembled.messages:
            parsed = _was_parsed(message.value)
            yield Tried(message.value, parsed, assembler.format_name)


def _and_the_last(pieces: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for piece in pieces:
        yield piece, False
    yield b"", True


def _was_parsed(value: bytes) -> bool:
    return PARSE_FAILED.encode() not in value or PARSE_FAILED not in orjson.loads(value).get(
        "tags", []
    )


_LOOKED_THROUGH_BYTES = 64 * 1024 * 1024
"""A compressed file of more than that is not looked through for its end."""
WOULD_BE_READ = "would be read"
NOTHING_YET = "there is nothing of that name yet"


def readable_files(config: Config) -> Iterator[tuple[str, str]]:
    """The files that the inputs name now, each with what would become of it, in words.

    A path that names none at the moment is given, too.
    """
    for section in config.inputs:
        if isinstance(section, FileInput):
            left_out: dict[str, str] = {}
            for path, status in sorted(find_files(section, left_out.__setitem__)):
                yield path, _verdict(path, status.st_size, section.encoding)
            yield from left_out.items()
            for path in unmatched(section):
                yield path, NOTHING_YET


def _verdict(path: str, size: int, encoding: str) -> str:
    doubts = list(what_is_missing(path)) if size <= _LOOKED_THROUGH_BYTES else []
    troubles = [doubt.sentence for doubt in doubts if doubt.mark == "trouble"]
    if troubles:
        return f"would not be read: {troubles[0]}"
    try:
        look = look_at(path, encoding)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if look.why_not is not None:
        return f"would not be read: {look.why_not}"
    return ", ".join([WOULD_BE_READ, f"{size} bytes", *(doubt.sentence for doubt in doubts)])


def check_inputs(config: Config, *, origin: str) -> None:
    """Compiles every input's settings and all rules as a shipper would.

    Args:
        config: The configuration.
        origin: The file it came from, for messages.

    Raises:
        ConfigError: When a format, a pattern, a rule, an encoding or a certificate cannot be used.
    """
    with _told_of(origin):
        treatment = Treatment.of(config)
    with _told_of(f"{origin}: rules"):
        make_rules(config.rules)
    for number, section in enumerate(config.inputs):
        with _told_of(f"{origin}: inputs[{number}]"):
            _check_input(section, config, treatment)


def _check_input(
    section: FileInput | StdinInput | HttpInput | SyslogInput, config: Config, treatment: Treatment
) -> None:
    if isinstance(section, HttpInput | SyslogInput):
        if section.tls is not None:
            server_context(section.tls, where="tls")
        section = spooled(section, service="check")
    Assembler(
        section, source="check", run=source_run("check", 0), epoch=0, path="check",
        max_event_bytes=config.shipper.max_event_bytes, days=IndexDays(config.retention.keep),
        treatment=treatment,
    )  # fmt: skip


@contextmanager
def _told_of(place: str) -> Iterator[None]:
    """Errors of the configuration name a place in it."""
    try:
        yield
    except ConfigError as error:
        where = place if error.where is None else f"{place}: {error.where}"
        raise ConfigError(error.what, where=where, mend=error.mend) from error


def naming_input(path: str, config: Config) -> FileInput | None:
    """The input that reads a file: the first that names it."""
    full = os.path.abspath(path)  # noqa: PTH100 - links are not followed, as in the inputs
    files = (section for section in config.inputs if isinstance(section, FileInput))
    return next((section for section in files if is_named(section, full)), None)
