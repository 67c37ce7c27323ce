"""OTLP logs over HTTP: which events does a request hold, and how is it answered?

Source: the OTLP specification 1.x, and OpenTelemetry's logs data model. A body is protobuf or JSON;
the answer has the same form.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from shipper.inputs.http.messages import Messages
from shipper.inputs.http.otlp_json import read_json
from shipper.inputs.http.otlp_protobuf import read_protobuf
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

_CODES = {400: 3, 401: 16, 408: 4, 413: 8, 415: 3, 429: 8, 503: 14}
"""HTTP status → google.rpc.Code: invalid argument, unauthenticated, deadline, exhausted, …"""
_UNKNOWN = 2


class OtlpSpeaker:
    """Understands `ExportLogsServiceRequest`s.

    Args:
        max_bytes: Records that take more once written out are refused.
    """

    name = "otlp"

    def __init__(self, *, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._status = Messages().status

    def read(self, incoming: Incoming) -> Taken | Refusal:
        """See `Speaker.read`."""
        if incoming.content_type not in {PROTOBUF, JSON_TYPE}:
            return Refusal(415, f"the content type must be {PROTOBUF} or {JSON_TYPE}")
        if incoming.content_type == JSON_TYPE and is_crowded(
            incoming.body, max_bytes=self._max_bytes
        ):
            return too_much()
        try:
            mapped = self._mapped(incoming)
        except TooMuch:
            return too_much()
        if isinstance(mapped, Refusal):
            return mapped
        return Taken(mapped.records.lines, lambda _took_ms: _answer(mapped, incoming.content_type))

    def _mapped(self, incoming: Incoming) -> Mapped | Refusal:
        records = Records(max_bytes=self._max_bytes)
        if incoming.content_type == JSON_TYPE:
            return read_json(incoming.body, records)
        return read_protobuf(incoming.body, records, max_bytes=self._max_bytes)

    def refuse(self, refusal: Refusal, content_type: str) -> Answer:
        """See `Speaker.refuse`."""
        code = _CODES.get(refusal.status, _UNKNOWN)
        headers = retry_headers(refusal)
        if content_type == PROTOBUF:
            body = self._status(code=code, message=refusal.reason).SerializeToString()
            return Answer(refusal.status, body, PROTOBUF, headers)
        told = {"code": code, "message": refusal.reason}
        return Answer(refusal.status, orjson.dumps(told), headers=headers)


def _answer(mapped: Mapped, content_type: str) -> Answer:
    rejected, reason = mapped.rejected, "; ".join(mapped.reasons)
    if content_type == PROTOBUF:
        response = ExportLogsServiceResponse()
        if rejected:
            response.partial_success.rejected_log_records = rejected
            response.partial_success.error_message = reason
        return Answer(200, response.SerializeToString(), PROTOBUF)
    body: Mapping[str, Any] = {}
    if rejected:
        # int64 is a text in protobuf's JSON
        body = {"partialSuccess": {"rejectedLogRecords": str(rejected), "errorMessage": reason}}
    return Answer(200, orjson.dumps(body))
