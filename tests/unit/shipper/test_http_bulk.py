"""`_bulk`: which documents are taken, and what each item is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.events.normalise import Normaliser, SourceContext
from shipper.inputs.http.bulk import BulkSpeaker
from shipper.inputs.http.documents import document_line
from shipper.inputs.http.elasticsearch import VERSION, tell
from shipper.inputs.http.repeated_names import repeated_name
from shipper.inputs.http.speaking import Incoming, Refusal, Taken

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["info", "", "x"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["level", "file", "path", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)
NDJSON = "application/x-ndjson"


def read(body: bytes, *, index: str | None = None, content_type: str = NDJSON) -> Taken | Refusal:
    return BulkSpeaker(max_bytes=1_000_000).read(Incoming(body, content_type, "d" * 32, index))


def taken(*lines: object, index: str | None = None) -> Taken:
    body = b"".join(x if isinstance(x, bytes) else orjson.dumps(x) + b"\n" for x in lines)
    found = read(body, index=index)
    assert isinstance(found, Taken), found
    return found


def answer(found: Taken) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(found.answer(7).body)
    return told


def test_documents_become_lines_with_index_and_id() -> None:
    document = {"message": "hi", "@timestamp": "2026-11-21T10:00:00Z", "n": 1}
    found = taken({"index": {"_index": "app", "_id": 7}}, document, {"create": {}}, {"m": "x"})
    first, second = (orjson.loads(record) for record in found.records)
    assert first == {**document, "elasticsearch.index": "app", "elasticsearch.id": "7"}
    assert second == {"m": "x"}
    told = answer(found)
    assert (told["took"], told["errors"]) == (7, False)
    assert told["items"][0]["index"]["_id"] == "7"
    assert told["items"][0]["index"]["_index"] == "app"
    assert told["items"][0]["index"]["status"] == 201
    assert told["items"][1]["create"]["result"] == "created"
    assert told["items"][1]["create"]["_seq_no"] == 1
    assert len(told["items"][1]["create"]["_id"]) == 20


def test_the_index_in_the_path_is_the_default() -> None:
    found = taken({"index": {}}, {"a": 1}, {"index": {"_index": "other"}}, {"a": 2}, index="logs")
    assert [orjson.loads(r)["elasticsearch.index"] for r in found.records] == ["logs", "other"]


def test_nested_ecs_fields_get_their_dotted_names() -> None:
    document = {
        "log": {"level": "info", "file": {"path": "/a", "line": 7}, "custom": {"a": [1]}},
        "event": {"id": "theirs", "duration": 5}, "host": {"name": ["two", "names"]},
        "service": {"name": "nested"}, "agent": {"type": "filebeat"},
        "error": "a text", "url": {}, "elasticsearch.index": "mine",
    }  # fmt: skip
    (record,) = taken({"index": {"_index": "app"}}, document).records
    assert orjson.loads(record) == {
        "log.level": "info", "log.file.path": "/a",
        "log": {"file": {"line": 7}, "custom": {"a": [1]}},
        "event.duration": 5, "event": {"id": "theirs"}, "host": {"name": ["two", "names"]},
        "service.name": "nested", "agent": {"type": "filebeat"},
        "error": "a text", "url": {}, "elasticsearch.index": "mine",
    }  # fmt: skip
    twice = {"service": {"name": "nested"}, "service.name": "dotted"}
    (record,) = taken({"index": {}}, twice).records
    assert orjson.loads(record) == twice


@given(document=st.dictionaries(st.sampled_from(["log", "level", "name", "a"]), json_values))
def test_a_document_s_line_makes_the_same_event_as_the_document(document: dict[str, Any]) -> None:
    sent = orjson.dumps(document)
    assert _event(document_line(sent, orjson.loads(sent), {})) == _event(sent)


def _event(line: bytes) -> dict[str, Any]:
    context = SourceContext("r", "-", "h", "s", UTC, {})
    made = Normaliser(context, redactor=None).normalise(
        orjson.loads(line), "text", offset=0, read_ns=10**18, read_text="2001-09-09T01:46:40.000Z"
    )
    event: dict[str, Any] = orjson.loads(made.value)
    return event | {"attributes": dict(_leaves("", event["attributes"]))}


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """By their dotted names, as they are found."""
    if isinstance(value, dict) and value:
        for name, part in value.items():
            yield from _leaves(f"{prefix}.{name}" if prefix else name, part)
    else:
        yield prefix, value


def test_with_a_format_the_message_is_the_text() -> None:
    body = b'{"index":{"_index":"i"}}\n{"message":"a=1","time":"t","host":{"name":"h"}}\n'
    body += b'{"index":{}}\n{"no":"message"}\n'
    found = BulkSpeaker(max_bytes=1_000_000, splits=True).read(Incoming(body, NDJSON, "d" * 32))
    assert isinstance(found, Taken)
    first, second = (orjson.loads(record) for record in found.records)
    assert first["text"] == "a=1"
    assert first["fields"] == {
        "attributes.time": "t", "host": {"name": "h"}, "elasticsearch.index": "i",
    }  # fmt: skip
    assert orjson.loads(second["text"]) == {"no": "message"}


def test_what_cannot_be_done_is_refused_item_by_item() -> None:
    found = taken(
        {"delete": {"_index": "a", "_id": "1"}},
        {"update": {"_id": "2"}}, {"doc": {"a": 1}},
        {"index": {}}, b"{no json}\n",
        {"index": {}}, b"[1]\n",
        {"index": {}}, {"good": True},
        {"index": {}}, b"[" * 5000 + b"\n",
        {"index": {}}, b'"\xff"\n',
    )  # fmt: skip
    assert found.records == [b'{"good":true}\n']
    told = answer(found)
    assert told["errors"] is True
    items = [next(iter(item.values())) for item in told["items"]]
    assert [item["status"] for item in items] == [400, 400, 400, 400, 201, 400, 400]
    assert items[0]["error"]["type"] == "illegal_argument_exception"
    assert "delete is not supported" in items[0]["error"]["reason"]
    assert items[2]["error"]["type"] == "document_parsing_exception"


@pytest.mark.parametrize(
    ("document", "name"),
    [
        (b'{"a":1,"b":2,"a":3}', "a"),
        (b'{"a":1,"a":1}', "a"),
        (b'{"message":"one", "x":{}, "message" :"two"}', "message"),
        (b'{"log":{"level":"info","level":"error"}}', "level"),
        (b'{"list":[{"a":1},{"b":1,"b":2}]}', "b"),
        (b'{"\\u0061":1,"a":2}', "a"),
        (b'{"q\\"x":1,"q\\"x":2}', 'q"x'),
        (b'{"":1,"":2}', ""),
    ],
)
@pytest.mark.parametrize("splits", [False, True])
def test_a_field_that_is_named_twice_is_refused_as_elasticsearch_does(
    document: bytes, name: str, splits: bool
) -> None:
    body = b'{"index":{}}\n%b\n{"index":{}}\n{"good":1}\n' % document
    found = BulkSpeaker(max_bytes=1_000_000, splits=splits).read(Incoming(body, NDJSON, "d" * 32))
    assert isinstance(found, Taken)
    assert len(found.records) == 1
    told = answer(found)
    refused, good = (item["index"] for item in told["items"])
    assert (told["errors"], refused["status"], good["status"]) == (True, 400, 201)
    assert refused["error"]["type"] == "document_parsing_exception"
    assert refused["error"]["reason"] == f"failed to parse: Duplicate field {name!r}"


@given(json_values, st.sampled_from([0, orjson.OPT_INDENT_2, orjson.OPT_SORT_KEYS]))
def test_a_name_may_come_again_in_another_object_or_in_a_text(value: Any, form: int) -> None:
    document = {"a": {"a": value, "text": '"a": 1, "a": {'}, "list": [{"a": value}, {"a": value}]}
    sent = orjson.dumps(document, option=form).replace(b"\n", b" ").replace(b":", b" :")
    assert repeated_name(sent, orjson.loads(sent)) is None


def test_a_document_that_nests_as_deeply_as_can_be_read_is_looked_through() -> None:
    deep = b'{"a":' * 1000 + b'{"b":1,"b":2}' + b"}" * 1000
    assert repeated_name(deep, orjson.loads(deep)) == "b"
    assert repeated_name(deep.replace(b',"b":2', b""), orjson.loads(deep)) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "body is required"),
        (b'{"index":{}}\n{"a":1}', "terminated by a newline"),
        (b'{"index":{}}\n', "line [1] is missing"),
        (b'{"a":1}\n{"b":2}\n', "metadata line [1]"),
        (b'{"index":{}}\n{"a":1}\nrubbish\n{}\n', "metadata line [3]"),
        (b'{"index":7}\n{"a":1}\n', "metadata line [1]"),
        (b'{"index":{},"create":{}}\n{"a":1}\n', "metadata line [1]"),
        (b"\n\n", "no requests added"),
        (b"\xff\xfe\n", "metadata line [1]"),
    ],
)
def test_a_malformed_body_is_refused_as_a_whole(body: bytes, reason: str) -> None:
    found = read(body)
    assert isinstance(found, Refusal)
    assert found.status == 400
    assert reason in found.reason


def test_a_refusal_has_the_form_of_elasticsearch() -> None:
    told = BulkSpeaker(max_bytes=1_000_000).refuse(Refusal(429, "full", 5), NDJSON)
    body = orjson.loads(told.body)
    assert body["status"] == told.status == 429
    assert body["error"]["type"] == "es_rejected_execution_exception"
    assert body["error"]["root_cause"] == [
        {"type": "es_rejected_execution_exception", "reason": "full"}
    ]
    assert told.headers["Retry-After"] == "5"
    assert told.headers["X-Elastic-Product"] == "Elasticsearch"


def test_the_content_types_of_all_clients_are_known() -> None:
    body = b'{"index":{}}\n{"a":1}\n'
    for good in ("", NDJSON, "application/json", "application/vnd.elasticsearch+x-ndjson"):
        assert isinstance(read(body, content_type=good), Taken)
    bad = read(body, content_type="image/png")
    assert isinstance(bad, Refusal)
    assert bad.status == 415


def test_a_made_up_id_is_the_same_when_the_request_comes_again() -> None:
    lines: tuple[dict[str, Any], ...] = ({"index": {}}, {"a": 1}, {"index": {}}, {"a": 1})
    first, again = answer(taken(*lines)), answer(taken(*lines))
    assert first == again
    assert first["items"][0]["index"]["_id"] != first["items"][1]["index"]["_id"]


@pytest.mark.parametrize(
    ("method", "path", "holds"),
    [
        ("GET", "/", VERSION.encode()),
        ("HEAD", "/", b""),
        ("GET", "/_license", b'"basic"'),
        ("GET", "/_xpack", b'"ilm"'),
        ("GET", "/_cluster/health", b'"green"'),
        ("GET", "/_nodes/http", b'"nodes"'),
        ("HEAD", "/_index_template/filebeat-8.19.0", b""),
        ("GET", "/_index_template/filebeat-8.19.0", b"filebeat-8.19.0"),
        ("PUT", "/_index_template/filebeat-8.19.0", b"acknowledged"),
        ("HEAD", "/_template/logstash", b""),
        ("GET", "/_cat/templates/filebeat-7.17.29", b"filebeat-7.17.29"),
        ("GET", "/_ilm/policy/filebeat", b"phases"),
        ("PUT", "/_ilm/policy/filebeat", b"acknowledged"),
        ("GET", "/_data_stream/logs-app-default", b"logs-app-default"),
        ("HEAD", "/_alias/filebeat-7.17.29", b""),
        ("PUT", "/_ingest/pipeline/filebeat-8.19.0-nginx", b"acknowledged"),
        ("HEAD", "/filebeat-2026", b""),
    ],
)
def test_clients_find_what_they_ask_for_before_they_write(
    method: str, path: str, holds: bytes
) -> None:
    told = tell(method, path)
    assert told is not None
    assert told.status == 200
    assert told.headers["X-Elastic-Product"] == "Elasticsearch"
    assert holds in told.body


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/logs"), ("GET", "/logs/_search"), ("POST", "/_reindex"), ("DELETE", "/")],
)
def test_nothing_else_is_pretended(method: str, path: str) -> None:
    assert tell(method, path) is None
