"""Loki's push: which lines does a body hold, and how is it answered?

Source: Loki's HTTP API, `POST /loki/api/v1/push` (and the older `/api/prom/push`). A body is either
Snappy-compressed protobuf or JSON. Errors are plain text. Of entries that cannot be used, Loki says so with
a 400 once it has taken the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.message import DecodeError

from logboom.clock import utc_text
from shipper.inputs.envelopes import envelope
from shipper.inputs.http.encodings import unsnap
from shipper.inputs.http.loki_json import Malformed, read_streams
from shipper.inputs.http.loki_labels import label_fields, parse_labels
from shipper.inputs.http.messages import Messages
from shipper.inputs.http.speaking import (
    JSON_TYPE,
    PROTOBUF,
    Answer,
    Incoming,
    Mapped,
    Records,
    Refusal,
    Taken,
    TooMuch,
    is_crowded,
    retry_headers,
    too_much,
)

_TEXT = "text/plain; charset=utf-8"
_SHORTEST_NS = 10**17
_LONGEST_NS = 2**63


class LokiSpeaker:
    """Understands `PushRequest`s.

    Args:
        max_body_bytes: A body that is larger once decompressed is refused.
        max_bytes: Lines that take more once written out are refused.
    """

    name = "loki"

    def __init__(self, *, max_body_bytes: int, max_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._max_bytes = max_bytes
        self._push = Messages().push

    def read(self, incoming: Incoming) -> Taken | Refusal:
        """See `Speaker.read`."""
        read = {PROTOBUF: self._protobuf, JSON_TYPE: _json}.get(incoming.content_type)
        if read is None:
            return Refusal(415, f"the content type must be {PROTOBUF} or {JSON_TYPE}")
        if incoming.content_type == JSON_TYPE and is_crowded(
            incoming.body, max_bytes=self._max_bytes
        ):
            return too_much()
        mapped = Mapped(Records(max_bytes=self._max_bytes))
        try:
            refusal = read(incoming.body, mapped)
        except TooMuch:
            return too_much()
        return self._taken(mapped, incoming.content_type) if refusal is None else refusal

    def _taken(self, mapped: Mapped, content_type: str) -> Taken | Refusal:
        lines = mapped.records.lines
        if not mapped.rejected:
            return Taken(lines, lambda _took_ms: Answer(204, content_type=""))
        partly = Refusal(400, _rejection(mapped))
        return Taken(lines, lambda _took_ms: self.refuse(partly, content_type)) if lines else partly

    def refuse(self, refusal: Refusal, content_type: str) -> Answer:  # noqa: ARG002 - always text
        """See `Speaker.refuse`."""
        body = f"{refusal.reason}\n".encode("utf-8", "backslashreplace")
        return Answer(refusal.status, body, _TEXT, retry_headers(refusal))

    def _protobuf(self, body: bytes, mapped: Mapped) -> Refusal | None:
        plain = unsnap(body, max_bytes=self._max_body_bytes)
        if isinstance(plain, Refusal):
            return plain
        try:
            request = self._push.FromString(plain)
        except DecodeError:
            return Refusal(400, "the body is not a PushRequest in protobuf")
        for stream in request.streams:
            labels = parse_labels(stream.labels)
            if labels is None:
                return Refusal(400, f"error parsing labels: {stream.labels[:200]!r}")
            shared = label_fields(labels)
            for entry in stream.entries:
                time_ns = entry.timestamp.seconds * 1_000_000_000 + entry.timestamp.nanos
                extra = {label.name: label.value for label in entry.metadata}
                mapped.records.add(_record(entry.line, time_ns, shared, extra))
        return None


def _json(body: bytes, mapped: Mapped) -> Refusal | None:
    try:
        for stream, (labels, entries) in enumerate(read_streams(body), 1):
            shared = label_fields(labels)
            for number, entry in enumerate(entries, 1):
                if isinstance(entry, Malformed):
                    mapped.reject(f"entry {number} of stream {stream}: {entry}")
                    continue
                time, line, extra = entry
                mapped.records.add(_record(line, time, shared, extra))
    except Malformed as error:
        return Refusal(400, str(error))
    return None


def _rejection(mapped: Mapped) -> str:
    """Which entries were not taken, and why: the first few of them."""
    left = mapped.rejected - len(mapped.reasons)
    reasons = [*mapped.reasons, *([f"and {left} more"] if left else [])]
    count = mapped.rejected + len(mapped.records.lines)
    others = "the others are taken" if mapped.records.lines else "nothing is taken"
    return "\n".join([f"{mapped.rejected} of {count} entries cannot be used, {others}:", *reasons])


def _record(
    line: str, time: int | str, shared: Mapping[str, Any], metadata: Mapping[str, Any]
) -> bytes:
    """The spool's line; what an entry says itself goes before its stream's labels."""
    fields = {**shared, **label_fields(metadata)} if metadata else dict(shared)
    if isinstance(time, str):
        fields["@timestamp"] = time
    elif 0 < time < _LONGEST_NS:
        # a number below that would be taken for microseconds
        fields["@timestamp"] = time if time >= _SHORTEST_NS else utc_text(time)
    return envelope(line, fields)
