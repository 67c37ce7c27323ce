"""Every item of a bulk answer is read, and means what Elasticsearch means by it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from logboom.errors import DiskFull, StoreRefused
from logboom.store import Outcome, Rejected
from logboom.store.elastic.bodies import Body
from logboom.store.elastic.outcomes import Sorted, sort_out


def sorted_out(*items: dict[str, Any], errors: bool = True) -> Sorted:
    answer = {"errors": errors, "items": [{"create": item} for item in items]}
    return sort_out(orjson.dumps(answer), Body(range(10, 10 + len(items)), b""), "http://es")


def error(status: int, kind: str, reason: str = "because", **more: Any) -> dict[str, Any]:
    return {"status": status, "error": {"type": kind, "reason": reason, **more}}


def test_without_errors_everything_is_stored() -> None:
    found = sorted_out({"status": 201}, {"status": 201}, errors=False)
    assert found == Sorted({10: Outcome.STORED, 11: Outcome.STORED})


def test_each_item_gets_what_became_of_it() -> None:
    found = sorted_out(
        {"status": 201},
        error(409, "version_conflict_engine_exception"),
        error(429, "es_rejected_execution_exception"),
        error(503, "unavailable_shards_exception"),
        error(400, "document_parsing_exception", "line\nbreak", caused_by={"reason": "inner"}),
        error(500, "null_pointer_exception"),
    )
    assert found.answers == {
        10: Outcome.STORED,
        11: Outcome.DUPLICATE,
        14: Rejected("document_parsing_exception: line break: inner"),
    }
    assert found.later == [12, 13]
    assert found.broken == [15]
    assert found.overloaded
    assert found.failure is None


def test_a_shard_that_is_away_is_no_sign_of_overload() -> None:
    assert not sorted_out(error(503, "unavailable_shards_exception")).overloaded


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (error(403, "cluster_block_exception", "index [x] blocked by: [FORBIDDEN/8/index write]"), StoreRefused),
        (error(403, "security_exception"), StoreRefused),
        (error(404, "index_not_found_exception"), StoreRefused),
        (error(400, "index_closed_exception"), StoreRefused),
        (error(400, "validation_exception", "this action would add [2] shards"), StoreRefused),
        (
            error(429, "cluster_block_exception", "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark]"),
            DiskFull,
        ),
    ],
)  # fmt: skip
def test_what_is_not_the_documents_fault_rejects_nothing(
    item: dict[str, Any], kind: type[Exception]
) -> None:
    found = sorted_out({"status": 201}, item)
    assert found.answers == {10: Outcome.STORED}
    assert found.later == [11]
    assert isinstance(found.failure, kind)
    assert not found.overloaded


def test_a_reason_is_one_line_of_bounded_length() -> None:
    (answer,) = sorted_out(
        error(400, "illegal_argument_exception", "x\ty\n" * 2000)
    ).answers.values()
    assert isinstance(answer, Rejected)
    assert len(answer.reason) <= 500
    assert "\n" not in answer.reason
