"""What real loggers write becomes the same events, whichever logger it is.

`recorded/` has the output of each, and beside it the events, without what the source adds.
"""

from __future__ import annotations

import io
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pythonjsonlogger.json import JsonFormatter

from logboom.config import FileInput
from logboom.event import IndexDays, source_run
from shipper.events.assembly import Assembler

FOLDER = Path(__file__).parent / "recorded"
LOGGERS = sorted(path.stem for path in FOLDER.glob("*.log"))
READ_NS = 1_795_255_200_000_000_000


def events_of(text: bytes) -> list[dict[str, Any]]:
    """The events as a shipper makes them, without what it adds to each."""
    assembler = Assembler(
        FileInput(path=["x"], service="file"), source="s", run=source_run("s", 0), epoch=0,
        path="-", max_event_bytes=900_000, days=IndexDays(timedelta(days=90)),
    )  # fmt: skip
    made = assembler.assemble(text, offset=0, read_ns=READ_NS, ended=True)
    assert made.consumed == len(text)
    events = [orjson.loads(message.value) for message in made.messages]
    for event in events:
        for holder, ours in (("event", ("id", "created")), ("log", ("source", "offset"))):
            for name in ours:
                del event[holder][name]
            if not event[holder]:
                del event[holder]
    return events


@pytest.fixture(autouse=True)
def host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "host-1")


def expected(logger: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = orjson.loads((FOLDER / f"{logger}.json").read_bytes())["events"]
    return events


def test_there_are_more_than_ten_loggers() -> None:
    assert len(LOGGERS) > 10
    for logger in LOGGERS:
        assert orjson.loads((FOLDER / f"{logger}.json").read_bytes())["made"]


@pytest.mark.parametrize("logger", LOGGERS)
def test_a_loggers_output_becomes_ecs(logger: str) -> None:
    assert events_of((FOLDER / f"{logger}.log").read_bytes()) == expected(logger)


@pytest.mark.parametrize("logger", LOGGERS)
def test_it_is_the_same_when_the_shape_is_known(logger: str) -> None:
    once = expected(logger)
    events = events_of((FOLDER / f"{logger}.log").read_bytes() * 40)
    assert events == once * 40


@pytest.mark.parametrize("logger", LOGGERS)
def test_the_events_say_what_was_logged(logger: str) -> None:
    """The same few things were logged with each."""
    events = expected(logger)
    message = (
        "cart 991 loaded" if logger.startswith("log") and "rus" not in logger else "cart loaded"
    )
    assert events[0]["message"] == message
    assert events[0]["log"]["level"] == "info"
    assert all(event["@timestamp"].startswith("2026-11-21T11:") for event in events)
    (failed,) = [event for event in events if event.get("log", {}).get("level") == "error"]
    assert failed["error"]["message"] in {
        "cannot read cart", "no such cart", "no answer", "cannot read cart: no answer",
    }  # fmt: skip
    if not {"zap", "zerolog", "logrus", "slog"} & {logger}:  # Go's errors have no class
        assert failed["error"]["type"].endswith(
            ("TypeError", "RangeError", "ValueError", "IllegalStateException")
        )
        assert failed["error"]["stack_trace"].count("\n") > 1
    if logger not in {"slog", "logrus"}:
        ids = {event.get("trace", {}).get("id") for event in events} - {None}
        assert ids <= {"4bf92f3577b34da6a3ce929d0e0e4736"}


def test_python_json_logger_live() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    names = "%(asctime)s %(levelname)s %(name)s %(process)d %(message)s"
    handler.setFormatter(JsonFormatter(names))
    logger = logging.getLogger("shop.cart")
    logger.addHandler(handler)
    logger.setLevel("INFO")
    logger.info("cart loaded", extra={"user_id": 42, "duration_ms": 3})
    try:
        orjson.loads("{")
    except orjson.JSONDecodeError:
        logger.exception("checkout failed")
    logger.removeHandler(handler)
    loaded, failed = events_of(stream.getvalue().encode())
    assert (loaded["message"], loaded["log"]["level"]) == ("cart loaded", "info")
    assert loaded["log"]["logger"] == "shop.cart"
    assert (loaded["user"]["id"], loaded["event"]["duration"]) == ("42", 3_000_000)
    assert (failed["log"]["level"], failed["error"]["type"]) == ("error", "orjson.JSONDecodeError")
    assert "Traceback" in failed["error"]["stack_trace"]
