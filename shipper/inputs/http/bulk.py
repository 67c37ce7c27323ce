"""Elasticsearch's `_bulk`: which documents does a body hold, and what is said of each?

Source: the bulk API's reference of Elasticsearch 8. Documents are new events: `index` and `create`
mean the same; `update` and `delete` cannot be done to a log, and are refused item by item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from shipper.inputs.envelopes import envelope
from shipper.inputs.http.speaking import (
    JSON,
    Answer,
    Incoming,
    Refusal,
    Taken,
    field_of,
    retry_headers,
)

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
INDEX_FIELD = "elasticsearch.index"
ID_FIELD = "elasticsearch.id"
_NO_INDEX = "logboom"
_TIME = "@timestamp"
_TYPES = {
    400: "illegal_argument_exception", 401: "security_exception", 404: "resource_not_found_exception",
    405: "method_not_allowed_exception", 408: "timeout_exception",
    413: "content_too_long_exception", 415: "media_type_header_exception",
    429: "es_rejected_execution_exception", 503: "process_cluster_event_timeout_exception",
}  # fmt: skip
_MEDIA = frozenset({"", JSON, "application/x-ndjson", "application/x-www-form-urlencoded"})


@dataclass(frozen=True, slots=True)
class _Action:
    kind: str
    index: str
    id: str | None


class BulkSpeaker:
    """Understands `_bulk` bodies, and answers as Elasticsearch does.

    Args:
        splits: True when a document's message is to be parsed by a format; else the document is
            the event as it stands.
    """

    name = "bulk"

    def __init__(self, *, splits: bool = False) -> None:
        self.splits = splits

    def read(self, incoming: Incoming) -> Taken | Refusal:
        """See `Speaker.read`."""
        if not _is_media(incoming.content_type):
            return Refusal(415, f"content type {incoming.content_type[:80]!r} is not supported")
        if not incoming.body:
            return Refusal(400, "request body is required")
        if not incoming.body.endswith(b"\n"):
            return Refusal(400, "The bulk request must be terminated by a newline [\\n]")
        return _Reading(incoming, splits=self.splits).read()

    def refuse(self, refusal: Refusal, content_type: str) -> Answer:  # noqa: ARG002 - always JSON
        """See `Speaker.refuse`."""
        cause = {"type": _TYPES.get(refusal.status, "exception"), "reason": refusal.reason}
        body = {"error": {"root_cause": [cause], **cause}, "status": refusal.status}
        headers = PRODUCT | retry_headers(refusal)
        return Answer(refusal.status, orjson.dumps(body), headers=headers)


class _Reading:
    """One body on its way through."""

    def __init__(self, incoming: Incoming, *, splits: bool) -> None:
        self._splits = splits
        self._lines = incoming.body.split(b"\n")
        self._index = incoming.index
        self._prefix = incoming.digest[:12]
        self._records: list[bytes] = []
        self._items: list[dict[str, Any]] = []
        self._errors = False

    def read(self) -> Taken | Refusal:
        lines, at = self._lines, 0
        while at < len(lines) - 1:
            line = lines[at]
            if not line or line.isspace():
                at += 1
                continue
            action = _action(line, self._index)
            if action is None:
                return Refusal(
                    400,
                    f"Malformed action/metadata line [{at + 1}]: expected one object"
                    " {index|create|update|delete: {…}}",
                )
            if action.kind == "delete":
                self._refuse(action, "a log is only added to: delete is not supported")
                at += 1
                continue
            if at + 1 >= len(lines) - 1:
                return Refusal(400, f"The document after line [{at + 1}] is missing")
            self._take(action, lines[at + 1])
            at += 2
        if not self._items:
            return Refusal(400, "no requests added: the body names no action")
        return Taken(self._records, self._answer)

    def _take(self, action: _Action, line: bytes) -> None:
        if action.kind == "update":
            self._refuse(action, "a log is only added to: update is not supported")
            return
        try:
            document = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            self._refuse(action, f"failed to parse: {error}", "document_parsing_exception")
            return
        if not isinstance(document, dict):
            reason = "failed to parse: the document is not an object"
            self._refuse(action, reason, "document_parsing_exception")
            return
        fields: dict[str, object] = {}
        if action.index != _NO_INDEX:
            fields[INDEX_FIELD] = action.index
        if action.id is not None:
            fields[ID_FIELD] = action.id
        self._records.append(self._record(line, document, fields))
        self._items.append({action.kind: {
            "_index": action.index, "_id": action.id or self._made_up_id(), "_version": 1,
            "result": "created", "_shards": {"total": 1, "successful": 1, "failed": 0},
            "_seq_no": len(self._items), "_primary_term": 1, "status": 201,
        }})  # fmt: skip

    def _record(self, line: bytes, document: dict[str, Any], fields: dict[str, object]) -> bytes:
        message = document.get("message") if self._splits else None
        if not isinstance(message, str):
            return envelope(line.decode(), fields)
        others = {
            n if n == _TIME else field_of(n): v for n, v in document.items() if n != "message"
        }
        return envelope(message, others | fields)

    def _refuse(
        self, action: _Action, reason: str, kind: str = "illegal_argument_exception"
    ) -> None:
        self._errors = True
        self._items.append({action.kind: {
            "_index": action.index, "_id": action.id or self._made_up_id(), "status": 400,
            "error": {"type": kind, "reason": reason},
        }})  # fmt: skip

    def _made_up_id(self) -> str:
        """The same for a request that is sent again."""
        return f"{self._prefix}{len(self._items):08x}"

    def _answer(self, took_ms: int) -> Answer:
        body = {"took": took_ms, "errors": self._errors, "items": self._items}
        return Answer(200, orjson.dumps(body), headers=PRODUCT)


def _is_media(content_type: str) -> bool:
    return content_type in _MEDIA or (
        content_type.startswith("application/vnd.elasticsearch+")
        and content_type.endswith(("json", "x-ndjson"))
    )


def _action(line: bytes, index: str | None) -> _Action | None:
    """None when the line is no action."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict) or len(content) != 1:
        return None
    kind, about = next(iter(content.items()))
    if kind not in {"index", "create", "update", "delete"} or not isinstance(about, dict):
        return None
    target, name = about.get("_index"), about.get("_id")
    return _Action(
        kind,
        target if isinstance(target, str) and target else index or _NO_INDEX,
        str(name) if isinstance(name, str | int) and name != "" else None,
    )
