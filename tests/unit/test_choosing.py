"""Which parts of an event names of fields, of objects and patterns choose."""

from __future__ import annotations

import time
from typing import Any

import pytest

from logboom.choosing import parts_of, value_of

EVENT: dict[str, Any] = {
    "@timestamp": "2026-11-21T12:00:00.000Z",
    "log": {"level": "info"},
    "service": {"name": "cart", "version": "2"},
    "http": {"request": {"method": "GET"}, "response": {"status_code": 200}},
    "error": {"type": "E", "message": "m"},
    "message": "done",
    "attributes": {"order": {"id": 5}, "a.b": 1, "list": [{"x": 1}], "http": "1.1", "empty": {}},
}
HTTP = {"http": EVENT["http"], "attributes": {"http": "1.1"}}


@pytest.mark.parametrize(
    ("names", "parts"),
    [
        ("level order.id", {"log": {"level": "info"}, "attributes": {"order": {"id": 5}}}),
        ("nothing log.nothing level.x", {}),
        ("http", HTTP),
        ("http http.response", HTTP),
        ("http.response http", HTTP),
        ("http.response", {"http": {"response": {"status_code": 200}}}),
        ("attributes.http", {"attributes": {"http": "1.1"}}),
        ("attributes", {"attributes": EVENT["attributes"]}),
        ("attributes.*", {"attributes": EVENT["attributes"]}),
        ("order", {"attributes": {"order": {"id": 5}}}),
        ("order.*", {"attributes": {"order": {"id": 5}}}),
        ("a.*", {"attributes": {"a.b": 1}}),
        ("l*", {"log": {"level": "info"}, "attributes": {"list": [{"x": 1}]}}),
        ("*.x", {}),
        ("service.*", {"service": {"name": "cart", "version": "2"}}),
        ("service", {"service": {"name": "cart"}}),
        ("error", {"error": {"type": "E"}}),
        ("error.*", {"error": {"type": "E", "message": "m"}}),
        ("*.request.* http.response.*", {"http": EVENT["http"]}),
        ("*", EVENT),
        ("* level", EVENT),
        ("[a-z]* s?rvice.*", {}),
    ],
)
def test_parts_are_chosen(names: str, parts: dict[str, Any]) -> None:
    before = repr(EVENT)
    assert parts_of(names.split())(EVENT) == parts
    assert repr(EVENT) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("level", "info"),
        ("order.id", 5),
        ("nothing", None),
        ("http", EVENT["http"]),
        ("http.response", {"status_code": 200}),
        ("attributes", EVENT["attributes"]),
        ("service.*", {"service": {"name": "cart", "version": "2"}}),
        ("no.*", None),
    ],
)
def test_one_name_has_a_value(name: str, value: object) -> None:
    assert value_of(name)(EVENT) == value


def test_an_own_field_has_the_name_of_an_object_that_is_missing() -> None:
    assert value_of("http")({"attributes": {"http": "1.1"}}) == "1.1"


def test_no_pattern_takes_more_steps_than_the_name_is_long() -> None:
    chosen = parts_of(["*a" * 499 + "b"])
    begun = time.process_time()
    assert chosen({"a" * 10_000: 1}) == {}
    assert time.process_time() - begun < 1
