"""Which text does a physical line wrap, of which stream, and what does the wrapper say about it?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple

import msgspec
import orjson

from shipper.parsers.port import Fields


class Record(NamedTuple):
    """What one physical line holds.

    Attributes:
        stream: Lines of one stream are joined as in a file; None: never joined with anything.
        text: Of the inner line, without its line break.
        whole: False when the inner line goes on in the stream's next record.
        fields: What the wrapper says about the text.
    """

    stream: str | None
    text: bytes
    whole: bool
    fields: Fields


Unwrap = Callable[[bytes], Record | None]
"""A physical line, without its line break → what it holds; None when it is not of that form."""

_NOTHING: Final[Fields] = {}


class _DockerLine(msgspec.Struct, forbid_unknown_fields=True):
    log: str
    stream: Literal["stdout", "stderr"]
    time: str
    attrs: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


_decode_docker = msgspec.json.Decoder(_DockerLine).decode
_match_cri = re.compile(
    rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) (stdout|stderr) ([PF])(?::[^ ]*+)?(?: ((?s:.*)))?"
).fullmatch


def unwrap_docker(line: bytes) -> Record | None:
    r"""Docker's json-file: ``{"log":"…\n","stream":"stdout","time":"…"}``.

    A line of more than 16 KB is written in parts; all but the last one end without a line break.
    Source: https://docs.docker.com/engine/logging/drivers/json-file/
    """
    if line[:1] != b"{":
        return None
    try:
        content = _decode_docker(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    fields: Fields = {"@timestamp": content.time, "stream": content.stream}
    if content.attrs:
        fields["container"] = {"labels": content.attrs}
    text = content.log
    whole = text.endswith("\n")
    return Record(content.stream, (text[:-1] if whole else text).encode(), whole, fields)


def unwrap_cri(line: bytes) -> Record | None:
    """The line of a container runtime: ``<time> stdout F text``; ``P`` for a part of a line.

    Source: https://github.com/kubernetes/design-proposals-archive/blob/main/node/kubelet-cri-logging.md
    """
    match = _match_cri(line)
    if match is None:
        return None
    time, stream, tag, text = match.groups()
    fields: Fields = {"@timestamp": time.decode(), "stream": stream.decode()}
    return Record(fields["stream"], text or b"", tag == b"F", fields)


def unwrap_container(line: bytes) -> Record | None:
    """A line of Docker's or of any other container runtime."""
    return unwrap_docker(line) if line[:1] == b"{" else unwrap_cri(line)


def unwrap_envelope(line: bytes) -> Record | None:
    """Our own envelope: ``{"text": "…", "stream": "…" | null, "fields": {…}}``."""
    content = _object(line)
    if content is None or not content.keys() <= {"text", "stream", "fields"}:
        return None
    text, stream = content.get("text"), content.get("stream")
    fields = content.get("fields") or _NOTHING
    if not isinstance(text, str) or not isinstance(stream, str | None):
        return None
    if not isinstance(fields, dict):
        return None
    return Record(stream, text.encode(), True, fields)


def _object(line: bytes) -> dict[str, Any] | None:
    if line[:1] != b"{":
        return None
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return content if isinstance(content, dict) else None


WRAPPERS: Final[Mapping[str, Unwrap]] = {
    "docker": unwrap_docker,
    "cri": unwrap_cri,
    "envelope": unwrap_envelope,
}
"""Formats that name only what is around the text; the text itself is looked at as with `auto`."""
