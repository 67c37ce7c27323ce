"""Normalising: whatever a logger calls it, it has ECS's name; nothing is lost; nothing raises."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.event import event_id
from logboom.fields import EVENT_FIELDS
from shipper.normalise import Normaliser, SourceContext
from shipper.redact import Redactor

RUN = "0123456789abc"
READ = "2026-11-21T10:00:00.000Z"
READ_NS = 1_795_255_200_000_000_000


def normalise(fields: dict[str, Any] | None, text: str | None = None) -> dict[str, Any]:
    context = SourceContext(
        RUN, "/var/log/a.log", "host-1", "a", ZoneInfo("UTC"), {"environment": "prod"}
    )
    made = Normaliser(context, redactor=Redactor.with_defaults()).normalise(
        fields, text if text is not None else orjson.dumps(fields).decode(),
        offset=1234, read_ns=READ_NS, read_text=READ,
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


def _check_keys(value: object) -> None:
    if isinstance(value, dict):
        for name, part in value.items():
            assert name
            _check_keys(part)
    elif isinstance(value, list):
        for part in value:
            _check_keys(part)
