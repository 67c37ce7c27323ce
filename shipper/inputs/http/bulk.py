"""Elasticsearch's `_bulk`: which documents does a body hold, and what is said of each?

Source: the bulk API's reference of Elasticsearch 8. Documents are new events: `index` and `create`
mean the same; `update` and `delete` cannot be done to a log, and are refused item by item.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from shipper.inputs.envelopes import envelope
from shipper.inputs.http.documents import ID_FIELD, INDEX_FIELD, document_line, split_document
from shipper.inputs.http.repeated_names import repeated_name
from shipper.inputs.http.speaking import (
    JSON_TYPE,
    Answer,
    Incoming,
    Records,
    Refusal,
    Taken,
    TooMuch,
    retry_headers,
    too_much,
)

PRODUCT = {"X-Elastic-Product": "Elasticsearch"}
_NO_INDEX = "logboom"
_MOST_KNOWN = 1000
_CREATED = (
    b',"_version":1,"result":"created","_shards":{"total":1,"successful":1,"failed":0},"_seq_no":'
)
_TYPES = {
    400: "illegal_argument_exception", 401: "security_exception", 404: "resource_not_found_exception",
    405: "method_not_allowed_exception", 408: "timeout_exception",
    413: "content_too_long_exception", 415: "media_type_header_exception",
    429: "es_rejected_execution_exception", 503: "process_cluster_event_timeout_exception",
}  # fmt: skip
_MEDIA = frozenset({"", JSON_TYPE, "application/x-ndjson", "application/x-www-form-urlencoded"})


@dataclass(frozen=True, slots=True)
class _Action:
    """An action line.

    Attributes:
        kind: index, create, update or delete.
        head: Begin of what is answered, as JSON.
        id: The id that the client gave, as JSON; empty when it gave none.
        about: What is kept of index and id with the document.
    """

    kind: str
    head: bytes
    id: bytes
    about: Mapping[str, str]


class BulkSpeaker:
    """Understands `_bulk` bodies, and answers as Elasticsearch does.

    Args:
        max_bytes: Documents and answers that take more once written out are refused.
        splits: True when a document's message is to be parsed by a format; else the document is
            the event as it stands.
    """

    name = "bulk"

    def __init__(self, *, max_bytes: int, splits: bool = False) -> None:
        self._max_bytes = max_bytes
        self.splits = splits

    def read(self, incoming: Incoming) -> Taken | Refusal:
        """See `Speaker.read`."""
        if not _is_media(incoming.content_type):
            return Refusal(415, f"content type {incoming.content_type[:80]!r} is not supported")
        if not incoming.body:
            return Refusal(400, "request body is required")
        if not incoming.body.endswith(b"\n"):
            return Refusal(400, "The bulk request must be terminated by a newline [\\n]")
        reading = _Reading(incoming, Records(max_bytes=self._max_bytes), splits=self.splits)
        try:
            return reading.read()
        except TooMuch:
            return too_much()

    def refuse(self, refusal: Refusal, content_type: str) -> Answer:  # noqa: ARG002 - always JSON
        """See `Speaker.refuse`."""
        cause = {"type": _TYPES.get(refusal.status, "exception"), "reason": refusal.reason}
        body = {"error": {"root_cause": [cause], **cause}, "status": refusal.status}
        headers = PRODUCT | retry_headers(refusal)
        return Answer(refusal.status, orjson.dumps(body), headers=headers)


class _Reading:
    """One body on its way through."""

    def __init__(self, incoming: Incoming, records: Records, *, splits: bool) -> None:
        self._splits = splits
        self._lines = incoming.body.split(b"\n")
        self._index = incoming.index
        self._prefix = incoming.digest[:12]
        self._known: dict[bytes, _Action | None] = {}
        self._records = records
        self._items: list[bytes] = []
        self._errors = False

    def read(self) -> Taken | Refusal:
        lines, at, end = self._lines, 0, len(self._lines) - 1
        while at < end:
            line = lines[at]
            if not line or line.isspace():
                at += 1
                continue
            action = self._action(line)
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
            if at + 1 >= end:
                return Refusal(400, f"The document after line [{at + 1}] is missing")
            self._take(action, lines[at + 1])
            at += 2
        if not self._items:
            return Refusal(400, "no requests added: the body names no action")
        return Taken(self._records.lines, self._answer)

    def _action(self, line: bytes) -> _Action | None:
        """Most lines are the same."""
        known = self._known
        if line in known:
            return known[line]
        action = _read_action(line, self._index)
        if len(known) < _MOST_KNOWN:
            known[line] = action
        return action

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
        twice = repeated_name(line, document)
        if twice is not None:
            reason = f"failed to parse: Duplicate field {twice[:100]!r}"
            self._refuse(action, reason, "document_parsing_exception")
            return
        record = split_document(document, action.about) if self._splits else None
        if record is None:
            record = document_line(line, document, action.about)
            if self._splits:
                record = envelope(record[:-1].decode(), {})
        number = len(self._items)
        item = b'%b%b%b%d,"_primary_term":1,"status":201}}' % (
            action.head, self._id_of(action, number), _CREATED, number,
        )  # fmt: skip
        self._records.add(record, more=len(item))
        self._items.append(item)

    def _refuse(
        self, action: _Action, reason: str, kind: str = "illegal_argument_exception"
    ) -> None:
        self._errors = True
        error = orjson.dumps({"type": kind, "reason": reason})
        name = self._id_of(action, len(self._items))
        self._items.append(b'%b%b,"status":400,"error":%b}}' % (action.head, name, error))

    def _id_of(self, action: _Action, number: int) -> bytes:
        """As JSON; one that is made up is the same for a request that is sent again."""
        return action.id or f'"{self._prefix}{number:08x}"'.encode()

    def _answer(self, took_ms: int) -> Answer:
        errors = b"true" if self._errors else b"false"
        items = b",".join(self._items)
        body = b'{"took":%d,"errors":%b,"items":[%b]}' % (took_ms, errors, items)
        return Answer(200, body, headers=PRODUCT)


def _is_media(content_type: str) -> bool:
    return content_type in _MEDIA or (
        content_type.startswith("application/vnd.elasticsearch+")
        and content_type.endswith(("json", "x-ndjson"))
    )


def _read_action(line: bytes, index: str | None) -> _Action | None:
    """None when the line is no action."""
    try:
        content = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict) or len(content) != 1:
        return None
    kind, fields = next(iter(content.items()))
    if kind not in {"index", "create", "update", "delete"} or not isinstance(fields, dict):
        return None
    target, name = fields.get("_index"), fields.get("_id")
    target = target if isinstance(target, str) and target else index
    name = str(name) if isinstance(name, str | int) and name != "" else None
    about = {INDEX_FIELD: target, ID_FIELD: name}
    return _Action(
        kind,
        b'{"%b":{"_index":%b,"_id":' % (kind.encode(), orjson.dumps(target or _NO_INDEX)),
        b"" if name is None else orjson.dumps(name),
        {field: value for field, value in about.items() if value is not None},
    )
