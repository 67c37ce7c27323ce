"""What is in a file: is it a log, of which format, of which service?"""

from __future__ import annotations

from collections.abc import Iterator

from logboom.config import FileInput
from logboom.errors import ConfigError
from shipper.files.kinds import why_binary
from shipper.parsers.making import make_parser
from shipper.why.finding import Finding, fine, note, trouble

_HEAD_BYTES = 64 * 1024
_LINES = 50


def content_findings(path: str, section: FileInput | None) -> Iterator[Finding]:
    """Looks at the first bytes of a file that can be read."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a plain path
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        yield trouble("content", f"it cannot be read: {error.strerror}")
        return
    if not head:
        yield note("content", "it is empty: there is nothing to read yet")
        return
    kind = why_binary(head)
    if kind is not None:
        yield trouble("content", f"it is not read: {kind}")
        return
    if not head.strip(b"\0"):
        yield note("content", "its beginning is nothing but NUL bytes, which are skipped")
        return
    if b"\n" not in head:
        yield note("content", "its first line has no end yet: it is read when its file is silent")
    yield _format(head, section or FileInput(path=[path]), path)


def _format(head: bytes, section: FileInput, path: str) -> Finding:
    service = section.service or path.rpartition("/")[2].split(".")[0]
    default = "" if section.service else " unless its events name one"
    try:
        parser = make_parser(section)
    except ConfigError as error:
        return trouble("format", error.sentence())
    lines = head.decode(section.encoding, "backslashreplace").splitlines()[:_LINES]
    matched = sum(parser.parse(line) is not None for line in lines)
    return fine(
        "format",
        f"service {service!r}{default}; format {parser.name!r}: {matched} of the first"
        f" {len(lines)} lines have it",
    )
