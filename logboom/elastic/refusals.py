"""What do Elasticsearch's errors mean for us?"""

from __future__ import annotations

from typing import Any

from logboom.errors import DiskFull, LogboomError, StoreRefused, StoreUnavailable

LATER = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses after which the same request may succeed."""

_LONGEST_REASON = 500
_NO_RIGHTS = frozenset({401, 403})
_CREDENTIALS = "check the store's api_key, or username and password, and the rights that go with it"
_FULL = (
    "give its nodes more disk, or drop old days; Elasticsearch takes events again by itself when the"
    " disk is below the high watermark"
)
_MENDS = {
    "cluster_block_exception": "somebody has set a block: look at index.blocks.* of that index, and"
    " at cluster.blocks.*",
    "validation_exception": "drop old days, let the cluster have more nodes, or raise"
    " cluster.max_shards_per_node",
}
"""What helps, by the type of an error that no credentials mend."""

_RIGHTS = (
    "a processor needs the cluster privileges monitor and manage_index_templates, and on its indices"
    " auto_configure, create_doc, create_index, delete_index, maintenance, monitor, read and"
    " view_index_metadata; docs/elasticsearch.md has the whole roles, also for searching alone"
)


def failure(status: int, body: Any, address: str) -> LogboomError:  # noqa: ANN401 - JSON
    """The exception for an answer that is no success.

    Args:
        status: Of HTTP.
        body: Decoded, of any shape.
        address: Of the cluster, without secrets.
    """
    reason = reason_of(body)
    if is_disk_full(body):
        return DiskFull(f"Elasticsearch has no room left: {reason}", where=address, mend=_FULL)
    if status in LATER:
        return StoreUnavailable(f"Elasticsearch is busy ({status}): {reason}", where=address)
    kind = _error_of(body).get("type")
    if kind in _MENDS:
        return StoreRefused(
            f"Elasticsearch refuses ({status}): {reason}", where=address, mend=_MENDS[kind]
        )
    if status in _NO_RIGHTS:
        mend = _CREDENTIALS if status == 401 else _RIGHTS
        return StoreRefused(
            f"Elasticsearch refuses us ({status}): {reason}", where=address, mend=mend
        )
    return StoreRefused(f"Elasticsearch answers with {status}: {reason}", where=address)


def is_disk_full(body: Any) -> bool:  # noqa: ANN401 - JSON
    """True when a block says that the disks are full (the flood-stage watermark)."""
    error = _error_of(body)
    return error.get("type") == "cluster_block_exception" and "disk usage" in str(
        error.get("reason")
    )


def reason_of(body: Any) -> str:  # noqa: ANN401 - JSON
    """What went wrong according to an error, with its innermost cause, in one line."""
    error = _error_of(body)
    if not error:
        return one_line(str(body)) if body else "no reason given"
    shards = [shard.get("reason", {}) for shard in error.get("failed_shards", [])]
    causes: list[dict[str, Any]] = [*shards[:1], *error.get("root_cause", [])[:1], error]
    text = next((str(one["reason"]) for one in causes if one.get("reason")), error.get("type", ""))
    inner = next((_innermost(one) for one in causes if one.get("caused_by")), "")
    return one_line(text if inner in text else f"{text}: {inner}")


def one_line(text: str) -> str:
    """The text without line breaks, and not too long."""
    joined = " ".join(text.split())
    return joined if len(joined) <= _LONGEST_REASON else joined[: _LONGEST_REASON - 1] + "…"


def _error_of(body: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    error = body.get("error", body) if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _innermost(error: dict[str, Any]) -> str:
    cause = error
    while isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
    return str(cause.get("reason", ""))
