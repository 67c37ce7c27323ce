"""Errors of Elasticsearch become ours, with a reason that a person understands."""

from __future__ import annotations

from typing import Any

import pytest

from logboom.elastic.refusals import failure, reason_of
from logboom.errors import DiskFull, LogboomError, StoreRefused, StoreUnavailable

ADDRESS = "http://es:9200"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, StoreRefused), (403, StoreRefused), (400, StoreRefused), (404, StoreRefused),
        (408, StoreUnavailable), (429, StoreUnavailable), (500, StoreUnavailable), (503, StoreUnavailable),
    ],
)  # fmt: skip
def test_each_status_has_its_exception(status: int, kind: type[LogboomError]) -> None:
    error = failure(status, {"error": {"type": "x", "reason": "because"}}, ADDRESS)
    assert type(error) is kind
    assert str(status) in error.sentence()
    assert "because" in error.sentence()
    assert ADDRESS in error.sentence()


def test_lacking_rights_are_named_with_their_mend() -> None:
    assert "api_key" in str(failure(401, {}, ADDRESS))
    assert "manage_index_templates" in str(failure(403, {}, ADDRESS))


def test_full_disks_are_told_from_other_blocks() -> None:
    reason = (
        "index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark];"
    )
    error = {"type": "cluster_block_exception", "reason": reason}
    assert isinstance(failure(429, {"error": error}, ADDRESS), DiskFull)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": {"type": "a", "reason": "outer", "caused_by": {"reason": "inner"}}}, "outer: inner"),
        (
            {"error": {"reason": "all shards failed", "failed_shards": [{"reason": {"reason": "the shard's"}}]}},
            "the shard's",
        ),
        ({"error": {"type": "a", "root_cause": [{"reason": "root"}], "reason": "outer"}}, "root"),
        ({"error": {"type": "only_a_type"}}, "only_a_type"),
        ({"error": "a text"}, "{'error': 'a text'}"),
        ("<h1>502</h1>\n\nnginx", "<h1>502</h1> nginx"),
        (None, "no reason given"),
        ({}, "no reason given"),
    ],
)  # fmt: skip
def test_the_reason_is_what_says_most(body: Any, reason: str) -> None:
    assert reason_of(body) == reason
