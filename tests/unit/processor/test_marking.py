"""An error's mark is set into its bytes just as if the event were decoded and written again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.broker import ConsumedBatch, Message
from logboom.clock import ManualClock
from logboom.event import IndexDays, event_id, source_run
from logboom.head import head_of
from processor.marking import with_mark
from processor.preparing import Preparer

RUN = source_run("marked", 0)


def written(**fields: Any) -> bytes:
    """An event as the shipper lays it out."""
    about = {"id": event_id(RUN, 77), "created": "2026-03-14T09:00:01.000Z"}
    event = {
        "@timestamp": "2026-03-14T09:00:00.123Z", "event": about,
        "log": {"source": RUN, "offset": 77, "level": "error"}, "message": "broken",
    }  # fmt: skip
    return orjson.dumps(event | fields)


def both_ways(value: bytes) -> dict[str, Any]:
    """The document, which is the same however it is made."""

    def prepared(text: bytes) -> Any:
        clock = ManualClock(datetime(2026, 3, 14, 9, 1, tzinfo=UTC))
        preparer = Preparer(IndexDays(timedelta(days=90)), clock)
        (document,) = preparer.prepare([ConsumedBatch(0, [0], [Message(b"", text)])]).documents
        assert preparer.errors == 1
        assert document.head == head_of(document.value)
        return document.event

    found: dict[str, Any] = prepared(value)
    decoded = orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2)  # never spliced
    assert found == prepared(decoded)
    return found


TRACE = "E: x\n\tat com.acme.A.b(A.java:1)"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"error": {"type": "E"}},
        {"error": {"type": "E", "message": "x", "stack_trace": TRACE}, "tags": ["multiline"]},
        {"error": {"type": 'é"\\', "stack_trace": TRACE}, "attributes": {"error": {"type": "E"}}},
        {"tags": ["error"]},
        {"tags": ["multiline", "error"], "error": {"message": "x"}},
    ],
)
def test_these_need_no_decoding(fields: dict[str, Any]) -> None:
    value = written(**fields)
    assert with_mark(value, "level", "1:a") is not None
    both_ways(value)


@pytest.mark.parametrize(
    "fields",
    [
        {"error": {"fingerprint": "own", "type": "E"}},
        {"error": {"type": "E"}, "attributes": {"error": {"type": "E"}}},
        {"error": {}},
        {"tags": []},
        {"tags": ["x"], "attributes": {"tags": ["x"]}},
    ],
)
def test_these_are_decoded(fields: dict[str, Any]) -> None:
    value = written(**fields)
    assert with_mark(value, "level", "1:a") is None
    found = both_ways(value)
    assert found["error"]["fingerprint"] == fields.get("error", {}).get(
        "fingerprint", "1:" + found["error"]["fingerprint"][2:]
    )


def test_the_fingerprint_is_that_of_the_exception() -> None:
    one = both_ways(written(error={"type": "E", "message": "x", "stack_trace": TRACE}))
    same = both_ways(written(message="else", error={"type": "E", "stack_trace": TRACE + "\n"}))
    other = both_ways(written(error={"type": "E", "message": "x"}))
    assert one["error"]["fingerprint"] == same["error"]["fingerprint"]
    assert one["error"]["fingerprint"] != other["error"]["fingerprint"]


TEXTS = st.text(st.sampled_from('ab"\\é\n {}[]:,'), max_size=8)
ERRORS = st.dictionaries(
    st.sampled_from(["type", "message", "stack_trace", "detected_by", "fingerprint", "code"]),
    TEXTS | st.integers(-(2**63), 2**64 - 1) | st.lists(TEXTS, max_size=2), max_size=4,
)  # fmt: skip


@given(
    error=st.none() | ERRORS,
    tags=st.none() | st.lists(st.sampled_from(["error", "x", "y", '"error"']), max_size=3),
    own=st.dictionaries(st.sampled_from(["error", "tags", "a"]), ERRORS | TEXTS, max_size=2),
)
def test_any_error_is_marked_alike(
    error: dict[str, Any] | None, tags: list[str] | None, own: dict[str, Any]
) -> None:
    fields: dict[str, Any] = {"attributes": own}
    fields |= {} if error is None else {"error": error}
    fields |= {} if tags is None else {"tags": tags}
    both_ways(written(**fields))
