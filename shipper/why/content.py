"""What is in a file: is it a log, of which format, of which service?"""

from __future__ import annotations

import os
from collections.abc import Iterator

from logboom.clock import SystemClock
from logboom.config import FileInput
from logboom.errors import ConfigError
from shipper.files.content import is_packed
from shipper.files.names import is_packed_name
from shipper.files.surveys import Surveys, Wholeness
from shipper.looking import look_at
from shipper.parsers.making import make_parser
from shipper.why.finding import Finding, fine, note, trouble

_MAGIC_BYTES = 4
_LINES = 50


def content_findings(path: str, section: FileInput | None) -> Iterator[Finding]:
    """Looks at the first bytes of a file that can be read."""
    section = section or FileInput(path=[path])
    broken = list(what_is_missing(path))
    yield from broken
    if any(finding.mark == "trouble" for finding in broken):
        return
    try:
        look = look_at(path, section.encoding)
    except OSError as error:
        yield trouble("content", f"it cannot be read: {error.strerror}")
        return
    head = look.head
    if not head:
        yield note("content", "it is empty: there is nothing to read yet")
        return
    if look.why_not is not None:
        yield trouble("content", look.why_not)
        return
    if not head.strip(b"\0"):
        yield note("content", "its beginning is nothing but NUL bytes, which are skipped")
        return
    text = head.decode(look.encoding, "backslashreplace")
    if "\n" not in text:
        yield note("content", "its first line has no end yet: it is read when its file is silent")
    yield _format(text, section, path)


def what_is_missing(path: str) -> Iterator[Finding]:
    """Asks of a compressed file what the shipper asks before it reads it."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a plain path
            packed = is_packed(file.read(_MAGIC_BYTES))
        is_named_so = is_packed_name(path)
        if not packed and not is_named_so:
            return
        surveys = Surveys(SystemClock().monotonic)
        verdict, reason = surveys.ask(path, os.stat(path), at_once=True)  # noqa: PTH116 - a plain path
    except OSError as error:
        yield trouble("content", f"it cannot be read: {error.strerror}")
        return
    if verdict in {Wholeness.BROKEN, Wholeness.DAMAGED} or (reason and is_named_so):
        yield trouble("content", reason)
    elif reason:
        yield note("content", "its end is missing: it is read as far as it goes")


def _format(text: str, section: FileInput, path: str) -> Finding:
    service = section.service or path.rpartition("/")[2].split(".")[0]
    default = "" if section.service else " unless its events name one"
    try:
        parser = make_parser(section)
    except ConfigError as error:
        return trouble("format", error.sentence())
    lines = text.removeprefix("\ufeff").splitlines()[:_LINES]
    matched = sum(parser.parse(line) is not None for line in lines)
    return fine(
        "format",
        f"service {service!r}{default}; format {parser.name!r}: {matched} of the first"
        f" {len(lines)} lines have it",
    )
