"""What is an error is what the configuration, the level, an exception, a status or a text says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from logboom.broker import ConsumedBatch, Message
from logboom.clock import ManualClock
from logboom.config.tagging import ErrorRuleSection, ErrorsSection
from logboom.event import IndexDays, event_id, source_run
from processor.preparing import Preparer
from processor.tagging import Tagger

RUN = source_run("tagged", 0)


def reason(section: dict[str, Any], *, way: str = "spliced", **fields: Any) -> str | None:
    """Why an event is an error under these settings."""
    event: dict[str, Any] = {
        "@timestamp": "2026-03-14T09:00:00.123Z",
        "event": {"id": event_id(RUN, 77), "created": "2026-03-14T09:00:01.000Z"},
        "log": {"source": RUN, "offset": 77, "level": "info"},
        "message": "hello",
        "service": {"name": "cart"},
        "attributes": {"result": "declined", "a.b": 5},
    }
    event |= {"tags": ["x"]} if way == "decoded" else {}
    preparer = Preparer(
        IndexDays(timedelta(days=90)), ManualClock(datetime(2026, 3, 14, 9, 1, tzinfo=UTC)),
        tagger=Tagger(ErrorsSection.model_validate(section)),
    )  # fmt: skip
    value = orjson.dumps(event | fields)
    (document,) = preparer.prepare([ConsumedBatch(0, [0], [Message(b"", value)])]).documents
    found: str | None = document.event.get("error", {}).get("detected_by")
    assert ("error" in document.event.get("tags", [])) == (found is not None)
    assert preparer.errors == (found is not None)
    return found


def rule(**settings: Any) -> dict[str, Any]:
    return {"rules": [{"name": "mine", **settings}]}


@pytest.mark.parametrize("way", ["spliced", "decoded"])
@pytest.mark.parametrize(
    "settings",
    [
        {"where": "result:declined"},
        {"where": "service:cart AND NOT level:error"},
        {"pattern": "HEL+O"},
        {"pattern": "ell"},
        {"pattern": "cart", "field": "service"},
        {"pattern": "5", "field": "a.b"},
        {"services": ["cart"]},
        {"services": ["other", "c*t"], "pattern": "hello", "where": "hello"},
    ],
)
def test_a_rule_makes_an_error(settings: dict[str, Any], way: str) -> None:
    assert reason(rule(**settings), way=way) == "rule:mine"


@pytest.mark.parametrize(
    "settings",
    [
        {"where": "result:accepted"},
        {"pattern": "hel{3}o"},
        {"pattern": "CART", "field": "service"},
        {"pattern": "x", "field": "no.such.field"},
        {"pattern": "name", "field": "service"},
        {"services": ["car", "art", "*x"]},
        {"services": ["cart"], "where": "goodbye"},
    ],
)
def test_a_rule_that_does_not_match_makes_none(settings: dict[str, Any]) -> None:
    assert reason(rule(**settings)) is None


def test_a_rule_can_say_that_it_is_no_error() -> None:
    failed: dict[str, Any] = {
        "log": {"source": RUN, "offset": 77, "level": "error"},
        "error": {"type": "E"},
    }
    assert reason({}, **failed) == "level"
    assert reason(rule(error=False, services=["cart"]), **failed) is None
    assert reason(rule(error=False, services=["shop"]), **failed) == "level"


def test_the_first_rule_decides() -> None:
    fine = {"name": "fine", "error": False, "pattern": "hello"}
    bad = {"name": "bad", "services": ["*"]}
    assert reason({"rules": [fine, bad]}) is None
    assert reason({"rules": [bad, fine]}) == "rule:bad"


@pytest.mark.parametrize(
    ("off", "fields", "found"),
    [
        (["level"], {"log": {"level": "error"}}, None),
        (["level"], {"log": {"level": "error"}, "error": {"type": "E"}}, "exception"),
        (["exception"], {"error": {"type": "E"}}, None),
        (["http_status"], {"http": {"response": {"status_code": 503}}}, None),
        (["text"], {"log": {}, "message": "error: it broke"}, None),
        (["text.failure"], {"log": {}, "message": "error: it broke"}, "text"),
        (["text.outcry"], {"log": {}, "message": "error: it broke"}, None),
    ],
)
def test_what_is_off_makes_no_error(
    off: list[str], fields: dict[str, Any], found: str | None
) -> None:
    assert reason({}, **fields) is not None
    assert reason({"off": off}, **fields) == found


@pytest.mark.parametrize("way", ["spliced", "decoded"])
@pytest.mark.parametrize("text", ["disk gone", "no space left", "0 bytes written", "E"])
def test_the_text_of_an_error_without_a_level_is_one(text: str, way: str) -> None:
    log = {"source": RUN, "offset": 77}
    assert reason({}, way=way, log=log, error={"message": text}) == "exception"
    assert reason({"off": ["exception"]}, way=way, log=log, error={"message": text}) is None
    assert reason({}, way=way, error={"message": text}) is None, "its level says that it is none"
    answered = {"response": {"status_code": 404}}
    assert reason({}, way=way, log=log, error={"message": text}, http=answered) is None


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "none", "None", "null", "nil", "<nil>", "undefined", "false", "no", "No error", "no errors.",
     "ok", "Success", "0", "0.0", "n/a", "(none)", "{}", "[]"],
)  # fmt: skip
def test_a_text_that_says_that_there_is_no_error_is_none(text: str) -> None:
    assert reason({}, log={"source": RUN, "offset": 77}, error={"message": text}) is None


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ({"name": "a"}, "matches every event"),
        ({"name": "", "where": "x"}, "needs 1 to 60"),
        ({"name": "a\nb", "where": "x"}, "needs 1 to 60"),
        ({"name": "a", "where": "("}, "no query"),
        ({"name": "a", "where": "@timestamp:>now-1h"}, "depends on the present"),
        ({"name": "a", "pattern": "(?i)x"}, "no regular expression that can be used"),
        ({"name": "a", "pattern": "(a{1000}){1000}"}, "no regular expression that can be used"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused(section: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        ErrorRuleSection.model_validate(section)


def test_names_of_rules_are_there_once_and_signs_are_known() -> None:
    one = {"name": "a", "where": "x"}
    with pytest.raises(ValidationError, match="two rules called 'a'"):
        ErrorsSection.model_validate({"rules": [one, one]})
    with pytest.raises(ValidationError, match=r"text\.outcry"):
        ErrorsSection.model_validate({"off": ["levels"]})


def test_only_usual_tagging_is_left_to_the_compiled_part() -> None:
    usual = [{}, {"off": ["text", "http_status", "exception"]}]
    assert all(Tagger(ErrorsSection.model_validate(section)).is_usual for section in usual)
    unusual = [{"off": ["level"]}, rule(where="x")]
    assert not any(Tagger(ErrorsSection.model_validate(section)).is_usual for section in unusual)
