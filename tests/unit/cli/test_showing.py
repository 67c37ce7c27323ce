"""Events are shown by the names that users type, and steer no terminal."""

from __future__ import annotations

import json

import pytest

from logboom.cli.showing import line_of, shortened

EVENT = {
    "_id": "1",
    "@timestamp": "2026-11-21T12:00:00.000Z",
    "log": {"level": "error"},
    "service": {"name": "cart"},
    "message": "first\x1b[31m\nsecond",
    "event": {"id": "1"},
    "attributes": {"seq": 5, "a.b": {"c": [1, 2]}, "level": "gold"},
}


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ("@timestamp,log.level", "2026-11-21T12:00:00.000Z  error"),
        ("time, level ,service", "2026-11-21T12:00:00.000Z  error  cart"),
        ("seq,attributes.seq,attributes.level", "5  5  gold"),
        ("a.b,seq", '{"c": [1, 2]}  5'),
        ("_id,trace,none.such", "1  -  -"),
    ],
)
def test_fields_are_found_by_their_short_names_and_dots(fields: str, line: str) -> None:
    assert line_of(EVENT, as_json=False, fields=fields, colours=False) == line


def test_further_lines_are_indented() -> None:
    shown = line_of(EVENT, as_json=False, fields=None, colours=False)
    assert shown == ("2026-11-21T12:00:00.000Z ERROR cart             first\\x1b[31m\n    second")


@pytest.mark.parametrize("fields", [None, "@timestamp,level,service,message,seq"])
def test_nothing_in_an_event_steers_the_terminal(fields: str | None) -> None:
    steering = "\x1b[2J\x9b2J\x07\x7f\r\ud83d\u200e\u200f\u061c\u202a\u202e\u2066\u2069"
    event = {
        "@timestamp": steering, "log": {"level": steering}, "service": {"name": steering},
        "message": steering, "error": {"stack_trace": steering * 2},
        "attributes": {"seq": {steering: steering}},
    }  # fmt: skip
    shown = line_of(event, as_json=False, fields=fields, colours=False)
    assert "2J" in shown
    assert shown.replace("\n", "").isprintable()


@pytest.mark.parametrize("fields", [None, "service,message", "message,seq"])
def test_no_line_of_an_event_looks_like_another_event(fields: str | None) -> None:
    forged = "ok\n2026-11-21T12:00:00.000Z INFO  forged"
    event = {"service": {"name": forged}, "message": forged, "attributes": {"seq": forged}}
    shown = line_of(event, as_json=False, fields=fields, colours=False)
    first, *further = shown.split("\n")
    assert "ok" in first
    assert len(further) == 2
    assert all(line.startswith("    2026") for line in further)


def test_json_is_written_as_it_is_read_again() -> None:
    for text in ("오류 \n\t", "\x1b[2J", "\x9b2J", "half \ud83d", "a\u202eb"):
        shown = line_of({"message": text}, as_json=True, fields=None, colours=False)
        assert json.loads(shown.encode()) == {"message": text}
        assert shown.isprintable()


def test_a_huge_line_is_shortened_for_the_terminal_and_says_so() -> None:
    assert shortened("x" * 8_000) == "x" * 8_000
    shown = shortened("x" * 900_000)
    assert shown == f"{'x' * 8_000} … (892000 more characters: see --json)"
