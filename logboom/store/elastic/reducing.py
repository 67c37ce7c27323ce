"""What is stored of an event that Elasticsearch refuses as it is?

Its text, time, level and names, and the whole of it as one text in `event.original`: it is found,
read, and nothing of it is lost.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from logboom.event import Event, decode_json
from logboom.fields import ATTRIBUTES
from logboom.store.values import Document

REDUCED = "reduced"
"""The tag of such events, and the attribute under which the reason is."""

_SHORTEST_TIME = len("2026-03-14T09:00:00Z")
_KEPT = (
    ("log", "level"), ("log", "logger"), ("log", "source"), ("service", "name"), ("host", "name"),
    ("trace", "id"), ("span", "id"), ("transaction", "id"), ("error", "type"), ("error", "message"),
    ("error", "stack_trace"), ("error", "detected_by"), ("error", "fingerprint"),
    ("event", "created"), ("event", "ingested"),
)  # fmt: skip


def reduced(document: Document, reason: str) -> Document:
    """The document of the same id and day that any index of ours takes.

    Args:
        document: Which was refused; its value may be any bytes.
        reason: Elasticsearch's own words.
    """
    text = document.value.strip().decode("utf-8", "backslashreplace")
    found = _decoded(document.value)
    event: Event = {
        "@timestamp": _time(found, document.day),
        "message": _clean(found["message"]) if isinstance(found.get("message"), str) else text,
        "event": {"id": document.id, "original": text},
        "tags": [*_texts(found.get("tags")), REDUCED],
        ATTRIBUTES: {REDUCED: {"reason": _clean(reason)}},
    }
    for outer, inner in _KEPT:
        value = _part(found, outer).get(inner)
        if isinstance(value, str):
            event.setdefault(outer, {}).setdefault(inner, _clean(value))
    path = _part(_part(found, "log"), "file").get("path")
    if isinstance(path, str):
        event.setdefault("log", {})["file"] = {"path": _clean(path)}
    offset = _part(found, "log").get("offset")
    if isinstance(offset, int) and abs(offset) < 2**63:
        event.setdefault("log", {})["offset"] = offset
    return Document.of(document.id, document.day, event)


def _decoded(value: bytes) -> Event:
    """The event; empty when it is none."""
    try:
        found = decode_json(value)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _time(event: Event, day: date) -> str:
    """The event's time, or when it was read; the begin of its day, where neither is one."""
    for value in (event.get("@timestamp"), _part(event, "event").get("created")):
        if isinstance(value, str) and _is_time(value):
            return value
    return f"{day}T00:00:00.000Z"


def _is_time(text: str) -> bool:
    if len(text) < _SHORTEST_TIME or not text.endswith("Z") or not text.isascii():
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _part(event: Event, name: str) -> dict[str, Any]:
    part = event.get(name)
    return part if isinstance(part, dict) else {}


def _texts(value: object) -> list[str]:
    found = value if isinstance(value, list) else [value]
    return [_clean(one) for one in found if isinstance(one, str) and one != REDUCED]


def _clean(text: str) -> str:
    """The text without unpaired surrogates."""
    return text.encode("utf-8", "backslashreplace").decode()
