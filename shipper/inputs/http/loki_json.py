"""Which streams and entries does a Loki push in JSON hold?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from shipper.inputs.http.loki_labels import parse_labels

Entry = tuple[int | str, str, Mapping[str, Any]]
"""Its time (ns, or a text), its line, and its structured metadata."""


class Malformed(ValueError):
    """The body has another shape than the protocol says; the sentence says where."""


def read_streams(body: bytes) -> Iterator[tuple[Mapping[str, Any], Iterator[Entry | Malformed]]]:
    """Reads both forms of JSON: the current one (`values`) and the older one (`entries`).

    Yields:
        Labels and entries of each stream; in place of an entry that is not one, why.

    Raises:
        Malformed: When what holds entries is not what it should be.
    """
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error}") from error
    streams = content.get("streams") if isinstance(content, dict) else None
    if not isinstance(streams, list):
        raise Malformed("the body has no array of streams")
    for stream in streams:
        if not isinstance(stream, dict):
            raise Malformed("a stream is not an object")
        yield _labels(stream), _entries(stream)


def _labels(stream: Mapping[str, Any]) -> Mapping[str, Any]:
    labels = stream.get("stream", stream.get("labels", {}))
    if isinstance(labels, str):
        parsed = parse_labels(labels)
        if parsed is None:
            raise Malformed(f"error parsing labels: {labels[:200]!r}")
        return parsed
    if not isinstance(labels, dict):
        raise Malformed("the labels of a stream are not an object")
    return labels


def _entries(stream: Mapping[str, Any]) -> Iterator[Entry | Malformed]:
    values = stream.get("values")
    read: Callable[[object], Entry] = _value
    if values is None:
        values, read = stream.get("entries", []), _entry
    if not isinstance(values, list):
        raise Malformed("the values of a stream are not an array")
    return (_read_or_why(read, value) for value in values)


def _read_or_why(read: Callable[[object], Entry], value: object) -> Entry | Malformed:
    try:
        return read(value)
    except Malformed as error:
        return error


def _value(value: object) -> Entry:
    """``["time in ns", "line"]``, or with an object of structured metadata as the third."""
    if not isinstance(value, list) or len(value) not in {2, 3}:
        raise Malformed("an entry is not [time, line] or [time, line, metadata]")
    time, line, metadata = value[0], value[1], value[2] if len(value) == 3 else {}
    if not isinstance(time, str) or not (time.isascii() and time.isdigit() and len(time) < 20):
        raise Malformed("the time of an entry is not a text with nanoseconds")
    if not isinstance(line, str) or not isinstance(metadata, dict):
        raise Malformed("the line of an entry is not a text, or its metadata not an object")
    return int(time), line, metadata


def _entry(entry: object) -> Entry:
    if not isinstance(entry, dict):
        raise Malformed("an entry is not an object")
    time, line = entry.get("ts", entry.get("timestamp")), entry.get("line")
    if not isinstance(time, str) or not isinstance(line, str):
        raise Malformed("an entry lacks its time or its line")
    return time, line, {}
