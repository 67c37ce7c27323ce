"""What became of each document of a bulk request? Every item's answer is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from logboom.elastic.refusals import LATER, failure, is_disk_full, one_line, reason_of
from logboom.errors import LogboomError
from logboom.store.elastic.bodies import Body
from logboom.store.values import Outcome, Rejected

_NO_ERRORS = b'"errors":false'
_LOOK_INTO = 200
_CREATED, _CONFLICT, _BAD_REQUEST = 201, 409, 400
_NOT_THE_DOCUMENTS_FAULT = frozenset(
    {
        "cluster_block_exception",
        "index_closed_exception",
        "index_not_found_exception",
        "invalid_index_name_exception",
        "security_exception",
        "validation_exception",  # no more shards are allowed
    }
)
"""Errors that the next document would meet, too: nobody's data is to blame, nothing is rejected."""


@dataclass(slots=True)
class Sorted:
    """A bulk request's documents, by what became of them.

    Attributes:
        answers: By number of the document: its final answer.
        later: Numbers of those that were put off.
        broken: Numbers of those at which the server failed (500): tried again, but not for ever.
        reason: Why the last of them was put off.
        overloaded: The server asked us to slow down.
        failure: What keeps everything from being stored, or None.
    """

    answers: dict[int, Outcome | Rejected] = field(default_factory=dict)
    later: list[int] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    reason: str = ""
    overloaded: bool = False
    failure: LogboomError | None = None


def sort_out(answer: bytes, body: Body, address: str) -> Sorted:
    """Reads the answer to a bulk request.

    Args:
        answer: Of status 200.
        body: What was sent.
        address: Of the cluster, for messages.
    """
    if _NO_ERRORS in answer[:_LOOK_INTO]:
        return Sorted(dict.fromkeys(body.numbers, Outcome.STORED))
    items: Sequence[dict[str, Any]] = orjson.loads(answer)["items"]
    found = Sorted()
    for number, item in zip(body.numbers, items, strict=True):
        result = item["create"]
        status = result["status"]
        if status == _CREATED:
            found.answers[number] = Outcome.STORED
        elif status == _CONFLICT:
            found.answers[number] = Outcome.DUPLICATE
        else:
            _sort_in(found, number, status, result, address)
    return found


def _sort_in(found: Sorted, number: int, status: int, result: dict[str, Any], address: str) -> None:
    error = result.get("error", {})
    kind = error.get("type", "")
    if status in LATER and not is_disk_full(error):
        (found.broken if status == 500 else found.later).append(number)
        found.reason = f"{kind}: {reason_of(error)}"
        found.overloaded |= status == 429
    elif status != _BAD_REQUEST or kind in _NOT_THE_DOCUMENTS_FAULT:
        found.failure = failure(status, error, address)
        found.later.append(number)
    else:
        found.answers[number] = Rejected(one_line(f"{kind}: {reason_of(error)}"))
