"""What do the labels of a Loki stream say about its events?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from shipper.inputs.http.speaking import field_of

_PAIR = re.compile(r'\s*([A-Za-z_][A-Za-z0-9_.:]*)\s*=\s*"((?:[^"\\]++|\\.)*+)"\s*', re.DOTALL)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "service.name": (
        "service_name", "service", "app", "application", "app_kubernetes_io_name", "job",
    ),
    "host.name": ("host", "hostname", "node_name", "nodename", "node"),
    "log.level": ("level", "detected_level", "severity"),
    "trace.id": ("trace_id", "traceID", "traceId"),
    "span.id": ("span_id", "spanID", "spanId"),
    "log.file.path": ("filename",),
}  # fmt: skip
"""A field → the labels that can be it; the first one that is there is."""


def label_fields(labels: Mapping[str, Any]) -> dict[str, Any]:
    """Labels as fields: the known ones under their ECS names, the others under their own."""
    left = dict(labels)
    fields: dict[str, Any] = {}
    for field, names in _CHOICES.items():
        name = next((name for name in names if left.get(name)), None)
        if name is not None:
            fields[field] = left.pop(name)
    for name, value in left.items():
        fields.setdefault(field_of(name), value)
    return fields


def parse_labels(text: str) -> dict[str, str] | None:
    """Reads ``{app="checkout", env="live"}``.

    Returns:
        None when it is not of that form.
    """
    stripped = text.strip()
    if len(stripped) < 2 or stripped[0] != "{" or stripped[-1] != "}":
        return None
    inner = stripped[1:-1].strip()
    at, end = 0, len(inner)
    labels: dict[str, str] = {}
    while at < end:
        pair = _PAIR.match(inner, at)
        if pair is None or inner[pair.end() : pair.end() + 1] not in {"", ","}:
            return None
        labels[pair[1]] = _ESCAPE.sub(_unescape, pair[2])
        at = pair.end() + 1
    return labels


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _ESCAPED.get(match[3], match[3])
