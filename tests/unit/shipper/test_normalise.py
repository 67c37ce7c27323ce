"""Normalising: whatever a logger calls it, it has ECS's name; nothing is lost; nothing raises."""

from __future__ import annotations

import json
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.bounds import MAX_DEPTH, MAX_KEY, MAX_KEYS, MAX_TEXT
from logboom.event import event_id
from logboom.fields import EVENT_FIELDS
from logboom.store.local.unusual import AttributePaths
from shipper.events.normalise import Normaliser, SourceContext
from shipper.redaction.redact import Redactor

RUN = "0123456789abc"
READ = "2026-11-21T10:00:00.000Z"
READ_NS = 1_795_255_200_000_000_000


def normalise(
    fields: dict[str, Any] | None, text: str | None = None, wrapped: dict[str, Any] | None = None
) -> dict[str, Any]:
    context = SourceContext(
        RUN, "/var/log/a.log", "host-1", "a", ZoneInfo("UTC"), {"environment": "prod"}
    )
    made = Normaliser(context, redactor=Redactor.with_defaults()).normalise(
        fields, text if text is not None else orjson.dumps(fields).decode(),
        offset=1234, read_ns=READ_NS, read_text=READ, wrapped=wrapped,
    )  # fmt: skip
    event: dict[str, Any] = orjson.loads(made.value)
    assert event["@timestamp"] == made.timestamp
    return event


def test_plain_text_gets_what_its_source_knows() -> None:
    event = normalise(None, "hello")
    assert event["message"] == "hello"
    assert event["@timestamp"] == event["event"]["created"] == READ
    assert event["event"]["id"] == event_id(RUN, 1234)
    assert event["log"] == {"source": RUN, "offset": 1234, "file": {"path": "/var/log/a.log"}}
    assert (event["service"]["name"], event["host"]["name"]) == ("a", "host-1")
    assert event["attributes"] == {"environment": "prod"}


LOGGERS: dict[str, dict[str, Any]] = {
    "python-json-logger": {"asctime": "2026-11-21 09:00:00,123", "levelname": "WARNING", "name": "app", "message": "m"},
    "structlog": {"timestamp": "2026-11-21T09:00:00.123Z", "level": "warning", "logger": "app", "event": "m"},
    "logback": {"@timestamp": "2026-11-21T09:00:00.123Z", "level": "WARN", "logger_name": "app", "message": "m"},
    "pino": {"time": 1795251600123, "level": 40, "name": "app", "msg": "m"},
    "zap": {"ts": 1795251600.123, "level": "warn", "logger": "app", "msg": "m"},
    "serilog": {"@t": "2026-11-21T09:00:00.123Z", "@l": "Warning", "SourceContext": "app", "@m": "m"},
    "winston": {"timestamp": "2026-11-21T09:00:00.123Z", "level": "warn", "logger": "app", "message": "m"},
    "otel": {"Timestamp": "2026-11-21T09:00:00.123Z", "SeverityText": "WARN", "logger": "app", "Body": "m"},
    "ecs": {"@timestamp": "2026-11-21T09:00:00.123Z", "log.level": "WARN", "log.logger": "app", "message": "m"},
    "ecs nested": {"@timestamp": "2026-11-21T09:00:00.123Z", "log": {"level": "WARN", "logger": "app"}, "message": "m"},
}  # fmt: skip


@pytest.mark.parametrize("fields", LOGGERS.values(), ids=LOGGERS)
def test_loggers_are_understood(fields: dict[str, Any]) -> None:
    event = normalise(fields)
    assert event["@timestamp"] == "2026-11-21T09:00:00.123Z"
    assert event["log"]["level"] == "warn"
    assert event["log"]["logger"] == "app"
    assert event["message"] == "m"
    assert event["attributes"] == {"environment": "prod"}


def test_what_does_not_fit_its_field_stays_findable() -> None:
    event = normalise({"message": {"a": 1}, "status": "teapot", "level": "loud", "pid": -1.5})
    assert event["attributes"]["message"] == {"a": 1}
    assert event["attributes"]["status"] == "teapot"
    assert event["attributes"]["level"] == "loud"
    assert event["attributes"]["pid"] == -1.5
    assert isinstance(event["message"], str)


def test_a_name_that_is_no_address_is_kept_as_a_name() -> None:
    assert normalise({"client_ip": "10.1.2.3"})["client"] == {"ip": "10.1.2.3"}
    assert normalise({"client_ip": "web-1"})["client"] == {"address": "web-1"}


def test_durations_become_nanoseconds() -> None:
    assert normalise({"duration_ms": 1.5})["event"]["duration"] == 1_500_000


def test_the_trace_of_an_event_is_found() -> None:
    event = normalise(None, "x failed\njava.io.IOException: y\n\tat a.B.c(D.java:1)")
    assert event["error"]["type"] == "java.io.IOException"


def test_serilogs_compact_events_are_made_whole() -> None:
    event = normalise({
        "@t": "2026-11-21T09:00:00.1234567Z", "@mt": "Cart {CartId:000} of {@User} {{loaded}}",
        "CartId": 991, "User": {"Name": "ada"}, "@tr": "4bf9", "@sp": "00f0",
    })  # fmt: skip
    assert event["message"] == 'Cart 991 of {"Name":"ada"} {loaded}'
    assert event["log"]["level"] == "info"
    assert (event["trace"], event["span"]) == ({"id": "4bf9"}, {"id": "00f0"})
    assert event["attributes"]["@mt"].startswith("Cart {CartId")
    assert (
        normalise({"@t": "2026-11-21T09:00:00Z", "@m": "x", "@l": "Fatal"})["log"]["level"]
        == "fatal"
    )


@pytest.mark.parametrize(
    ("fields", "trace", "span"),
    [
        ({"traceparent": f"00-{'4b' * 16}-{'0f' * 8}-01"}, "4b" * 16, "0f" * 8),
        ({"traceId": "a", "spanId": "b"}, "a", "b"),
        ({"dd.trace_id": 7, "dd.span_id": "8"}, "7", "8"),
        ({"dd": {"trace_id": "7", "span_id": "8"}}, "7", "8"),
        ({"X-B3-TraceId": "a", "X-B3-SpanId": "b"}, "a", "b"),
        ({"mdc": {"traceId": "a", "spanId": "b"}}, "a", "b"),
        ({"trace": {"id": "a"}, "span": {"id": "b"}}, "a", "b"),
        ({"otelTraceID": "a", "otelSpanID": "b"}, "a", "b"),
    ],
)
def test_trace_ids_have_many_spellings(fields: dict[str, Any], trace: str, span: str) -> None:
    event = normalise(fields)
    assert (event["trace"]["id"], event["span"]["id"]) == (trace, span)
    assert event["attributes"] == {"environment": "prod"}


@pytest.mark.parametrize(
    ("fields", "nanoseconds"),
    [
        ({"responseTime": 12.5}, 12_500_000), ({"took": 3}, 3_000_000), ({"elapsed": "1.5s"}, 1_500_000_000),
        ({"took": "1m3.2s"}, 63_200_000_000), ({"duration_us": 7}, 7_000), ({"elapsed_seconds": 0.25}, 250_000_000),
        ({"elapsed": "300µs"}, 300_000), ({"elapsed": "soon"}, None), ({"elapsed": "5 parsecs"}, None),
    ],
)  # fmt: skip
def test_durations_are_known_by_name_and_unit(
    fields: dict[str, Any], nanoseconds: int | None
) -> None:
    event = normalise(fields)
    assert event["event"].get("duration") == nanoseconds
    assert (set(fields) <= set(event["attributes"])) == (nanoseconds is None)


@pytest.mark.parametrize("name", ["err", "error", "exception"])
def test_exceptions_are_objects_of_many_names(name: str) -> None:
    event = normalise(
        {
            "msg": "m",
            name: {"type": "E", "message": "no", "stack": "E: no\n    at f (a.js:1:1)", "code": 7},
        }
    )
    assert event["error"] == {
        "type": "E",
        "message": "no",
        "stack_trace": "E: no\n    at f (a.js:1:1)",
    }
    assert event["attributes"][name] == {"code": 7}


def test_the_class_of_an_exception_is_read_from_its_trace() -> None:
    event = normalise({"msg": "m", "stack": "java.io.IOException: y\n\tat a.B.c(D.java:1)"})
    assert (event["error"]["type"], event["error"]["message"]) == ("java.io.IOException", "y")


@pytest.mark.parametrize(
    ("fields", "attributes"),
    [
        (
            {"http": {"route": "/x", "route.name": "y"}},
            {"http": {"route": "/x", "route.name": "y"}},
        ),
        (
            {"http": {"route.name": "y", "route": "/x"}},
            {"http": {"route.name": "y", "route": "/x"}},
        ),
        ({"error": {"a": {"b": 1}, "a.b": 2}}, {"error": {"a": {"b": 1}, "a.b": 2}}),
        ({"http": {"": 1, ".x": 2, "x": 3}}, {"http": {"_empty": 1, ".x": 2, "x": 3}}),
        ({"": 1, "_empty": 2, "x": []}, {"_empty_2": 1, "_empty": 2, "x": []}),
        ({"x": 1, "attributes.x": 2}, {"x": 1, "attributes.x": 2}),
        ({"attributes": {"http": 1}, "http": {"x": 2}}, {"http": 1, "attributes.http": {"x": 2}}),
        ({"thrown": {"name": "X", "of": "ours"}}, {"thrown": {"of": "ours"}}),
    ],
    ids=str,
)
def test_of_names_that_meet_in_one_place_both_values_are_kept(
    fields: dict[str, Any], attributes: dict[str, Any]
) -> None:
    assert normalise({"message": "m", **fields})["attributes"] == {
        **attributes, "environment": "prod"
    }  # fmt: skip


STRANGE: list[dict[str, Any]] = [
    {"thrown": {"name": "X", "cause": {"name": 7}, "extendedStackTrace": "y"}},
    {"throwable": {"className": "X", "stepArray": [1, None, {}]}},
    {"exception": [{"exc_type": "X", "frames": [3]}]}, {"exception": [1]}, {"instant": {"epochSecond": -1}},
    {"arguments": [], "message": "{}"}, {"@t": 1, "@mt": 2}, {"@t": None, "@mt": "{A} {", "A": [1]},
    {"err": {"stack": {"a": 1}}}, {"traceparent": "x"}, {"mdc": []}, {"error": True},
]  # fmt: skip


@pytest.mark.parametrize("fields", STRANGE, ids=str)
def test_objects_of_another_form_are_kept(fields: dict[str, Any]) -> None:
    assert isinstance(normalise(fields)["message"], str)


def _names(value: Any) -> int:
    if isinstance(value, list):
        return sum(map(_names, value))
    return sum(1 + _names(part) for part in value.values()) if isinstance(value, dict) else 0


MANY: dict[str, dict[str, Any]] = {
    "side by side": {f"key{n}": n for n in range(10_000)},
    "objects": {f"key{n}": {"a": n} for n in range(10_000)},
    "in one object": {"a": {f"key{n}": n for n in range(10_000)}},
    "deep": {"a": {"b": {"c": {f"key{n}": n for n in range(10_000)}}}},
    "in a list": {"a": [{f"key{n}": n} for n in range(10_000)]},
    "short": {f"k{n}": n for n in range(1000)},
    "a few too many": {f"k{n}": n for n in range(MAX_KEYS + 1)},
}


@pytest.mark.parametrize("fields", MANY.values(), ids=MANY)
def test_an_event_has_so_many_names_at_most_and_loses_none(fields: dict[str, Any]) -> None:
    event = normalise({"message": "m", **fields}, orjson.dumps(fields).decode())
    assert _names(event["attributes"]) <= MAX_KEYS + 5
    assert event["tags"] == ["many_keys"]
    kept = orjson.dumps(event["attributes"]).replace(b'","', b"").replace(b'\\"', b'"')
    name = b"k999" if "k999" in fields else b"k250" if "k250" in fields else b"key9999"
    assert b'"' + name + b'"' in kept


def test_an_event_of_ten_thousand_names_leaves_the_day_to_others() -> None:
    paths = AttributePaths()
    for odd in range(3):
        event = normalise({"message": "m", **{f"key{odd}-{n}": n for n in range(10_000)}})
        paths.sort_out(event["attributes"])
    kept, rest = paths.sort_out({"late": 1})
    assert (kept, rest) == ({"late": [1]}, {})


def test_what_is_too_many_is_json_when_it_is_put_together() -> None:
    event = normalise({"message": "m", **{f"key{n}": "x" * 50 for n in range(3_000)}})
    pieces = event["attributes"].pop("_rest")
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= MAX_TEXT
    whole = {**event["attributes"], **orjson.loads("".join(pieces))}
    assert {f"key{n}": "x" * 50 for n in range(3_000)}.items() <= whole.items()


def test_a_wrapper_brings_no_more_names_and_loses_none() -> None:
    said = {f"said{n}": n for n in range(400)}
    wrapped = {f"wrapped{n}": n for n in range(400)}
    event = normalise({"message": "m", **said}, wrapped=wrapped)
    assert _names(event["attributes"]) <= MAX_KEYS + 1
    assert event["tags"] == ["many_keys"]
    whole = event["attributes"] | orjson.loads("".join(event["attributes"]["_rest"]))
    assert (said | wrapped).items() <= whole.items()


def test_as_many_names_as_are_allowed_are_fields() -> None:
    fields = {f"k{n}": n for n in range(MAX_KEYS - 5)}
    event = normalise({"message": "m", **fields})
    assert fields.items() <= event["attributes"].items()
    assert "tags" not in event


@pytest.mark.parametrize(
    "fields", [{"a": {"b": ["x" * 40_000]}}, {"a": "x" * 40_000}], ids=["nested", "own"]
)
def test_what_is_cut_is_told(fields: dict[str, Any]) -> None:
    event = normalise({"message": "m", "tags": ["mine"], **fields}, str(fields))
    assert event["tags"] == ["mine", "truncated"]
    assert "tags" not in normalise({"message": "m", "a": "x" * 30_000}, "x" * 30_000)


@pytest.mark.parametrize("opening", [b'{"a":', b"["])
def test_a_depth_of_a_thousand_is_bounded(opening: bytes) -> None:
    closing = b"}" if opening == b'{"a":' else b"]"
    text = (
        b'{"msg":"deep","password":"hunter22","x":'
        + opening * 1000
        + b'"hunter22"'
        + closing * 1000
        + b"}"
    )
    event = normalise(orjson.loads(text), text.decode())
    assert event["message"] == "deep"
    assert _depth(event["attributes"]) <= MAX_DEPTH + 1
    assert event["attributes"]["password"] == "[redacted]"


def _depth(value: object) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, parts), default=0) if isinstance(value, dict | list) else 0


def test_long_values_are_cut() -> None:
    event = normalise({"msg": "m", "x": "y" * 40_000, "z" * 1000: 1})
    assert len(event["attributes"]["x"]) == MAX_TEXT
    assert max(map(len, event["attributes"])) <= MAX_KEY


@pytest.mark.parametrize("name", [" ", "\t\u3000", "\x1f", "k" * (MAX_KEY + 1), "a\0b"])
def test_what_no_field_can_be_called_is_set_aside_and_the_others_are_kept(name: str) -> None:
    event = normalise({"msg": "m", name: [1], "x": 2})
    assert event["attributes"].pop("_rest") == [json.dumps({name: [1]}, ensure_ascii=False)]
    assert event["attributes"] == {"x": 2, "environment": "prod"}
    assert "tags" not in event


@pytest.mark.parametrize("more", [{}, {"y": []}], ids=["quick look", "bounded"])
def test_names_with_points_around_them_stay_as_they_are(more: dict[str, Any]) -> None:
    names = [".x", "x.", "x..y", ".", "..", ". .", " x"]
    sent = {**dict.fromkeys(names, 1), **more}
    attributes = normalise({"msg": "m", **sent, "in": {" ": 1, **sent}})["attributes"]
    assert attributes == {**sent, "in": {" ": 1, **sent}, "environment": "prod"}


SECRETS = {
    "password": "password=hunter2",
    "url_password": "postgres://ada:hunter2@db/x",
    "authorization": "Authorization: Bearer hunter2hunter2",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodW50ZXIyIn0.hunter2hunter2hunter2",
    "aws_key": "AKIAHUNTER2HUNTER2AB",
    "card_number": "card 4111 1111 1111 1111 was charged",
}


@pytest.mark.parametrize(("rule", "text"), SECRETS.items(), ids=SECRETS)
def test_secrets_go_nowhere(rule: str, text: str) -> None:
    for event in (normalise(None, f"got {text} today"), normalise({"msg": f"got {text} today"})):
        shown = orjson.dumps(event).decode().lower()
        assert "hunter2" not in shown
        assert "4111 1111" not in shown
        assert f"redacted:{rule}" in event["tags"]


def test_a_secret_under_its_own_key_is_replaced() -> None:
    event = normalise({"msg": "x", "login": {"password": "hunter2", "user": "ada"}})
    assert event["attributes"]["login"] == {"password": "[redacted]", "user": "ada"}


def test_a_number_that_is_no_card_stays() -> None:
    assert "4111111111111112" in normalise(None, "order 4111111111111112 done")["message"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip
NAMES = st.sampled_from([*EVENT_FIELDS, "level", "msg", "time", "log", "event", "error", "attributes", "tags"])  # fmt: skip


@given(st.dictionaries(NAMES | st.text(max_size=12), JSON, max_size=8), st.text(max_size=60))
def test_no_object_is_too_strange(fields: dict[str, Any], text: str) -> None:
    event = normalise(fields, text)
    assert isinstance(event["message"], str)
    assert isinstance(event["attributes"], dict)
    assert event["event"]["id"] == event_id(RUN, 1234)
    _check_keys(event["attributes"])


SECRET = "hunter2zZ9"
HIDDEN = st.recursive(
    st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
SECRET_KEYS = st.sampled_from(
    ["password", "db_password", "api_key", "clientSecret", "accessToken", "PWD", "auth_token"]
)
PROSE = st.sampled_from([
    f"login password={SECRET} ok", f'set "passwd": "{SECRET} {SECRET}"', f"to postgres://u:{SECRET}@db/x",
    f"Authorization: Bearer {SECRET}", f"GET /?token={SECRET}&x=1", f"x api_key='{SECRET}, {SECRET}' y",
])  # fmt: skip


@given(
    st.dictionaries(
        NAMES | st.text(max_size=6), JSON | PROSE | st.lists(PROSE, max_size=2), max_size=4
    ),
    st.dictionaries(SECRET_KEYS, HIDDEN, min_size=1, max_size=2),
)
def test_a_secret_is_in_no_field_of_the_event(
    fields: dict[str, Any], secrets: dict[str, Any]
) -> None:
    for whole in ({**fields, **secrets}, {**secrets, **fields}, {**fields, "login": secrets}):
        try:
            text = orjson.dumps(whole).decode()
        except (TypeError, UnicodeEncodeError):
            text = json.dumps(whole)
        assert SECRET not in orjson.dumps(normalise(whole, text)).decode()


def _check_keys(value: object) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            assert name
            _check_keys(part)
    elif isinstance(value, list):
        for part in value:
            _check_keys(part)
