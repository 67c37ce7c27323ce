"""What loggers write for a terminal: colours hide neither times nor levels, nor secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from logboom.event import IndexDays
from shipper.events.assembly import Assembler
from shipper.framing import Framing, make_framing

READ_NS = 1_795_346_000_000_000_000
ZAP = "2026-11-22T10:33:23.552Z\t\x1b[34mINFO\x1b[0m\tshop/main.go:14\tstarting"
SPRING = (
    "\x1b[2m2026-11-22T10:33:23.552Z\x1b[0;39m \x1b[31mERROR\x1b[0;39m \x1b[35m4711\x1b[0;39m \x1b[2m---\x1b[0;39m "
    "\x1b[2m[main]\x1b[0;39m \x1b[36mshop.Cart\x1b[0;39m \x1b[2m:\x1b[0;39m cannot \x1b[1mload\x1b[0m"
)
STRUCTLOG = "\x1b[2m2026-11-22T10:33:23.552Z\x1b[0m [\x1b[33m\x1b[1mwarning  \x1b[0m] \x1b[1mslow\x1b[0m \x1b[36muser\x1b[0m=\x1b[35mada\x1b[0m"
DOTNET = "\x1b[40m\x1b[32minfo\x1b[39m\x1b[22m\x1b[49m: Shop.Cart[14]\n      loaded in 12 ms"
PINO = "[10:33:23.552] \x1b[32mINFO\x1b[39m (4711): \x1b[36mstarting\x1b[39m"


def assembler(**settings: Any) -> Assembler:
    return Assembler(
        FileInput(path=["x"], **settings), source="s", run="r", epoch=0, path="/x/shop.log",
        max_event_bytes=100_000, days=IndexDays(timedelta(days=90)),
    )  # fmt: skip


def events(text: str, **settings: Any) -> list[dict[str, Any]]:
    assembled = assembler(**settings).assemble(text.encode(), offset=0, read_ns=READ_NS, ended=True)
    return [orjson.loads(message.value) for message in assembled.messages]


@pytest.mark.parametrize(
    ("line", "level", "message"),
    [
        (ZAP, "info", "starting"),
        (SPRING, "error", "cannot load"),
        (STRUCTLOG, "warn", "slow user=ada"),
        (DOTNET, "info", "loaded in 12 ms"),
        (PINO, "info", "starting"),
    ],
)
def test_colours_hide_neither_time_nor_level(line: str, level: str, message: str) -> None:
    found = events(f"{line}\n{line}\n\tmore\n{line}")
    assert [event["log"]["level"] for event in found] == [level] * 3
    assert found[0]["message"].strip().endswith(message)
    assert "\x1b" not in str(found)
    assert found[1]["tags"] == ["multiline"]
    if line != DOTNET:
        assert found[0]["@timestamp"] == "2026-11-22T10:33:23.552Z"
    assert found[1]["log"]["offset"] == len(line) + 1


def test_what_a_container_wraps_is_without_colours_too() -> None:
    line = orjson.dumps({"log": f"{ZAP}\n", "stream": "stdout", "time": "2026-11-22T10:33:24Z"})
    (event,) = events(line.decode())
    assert (event["log"]["level"], event["message"]) == ("info", "starting")


def test_lines_without_time_and_level_lose_them_too() -> None:
    (event,) = events("\x1b[32mready\x1b[K\x1b(B\x1b[m\n")
    assert event["message"] == "ready"


def test_colours_hide_no_secret() -> None:
    found = events("\x1b[36mpassword\x1b[0m=\x1b[35mhunter2\x1b[0m\n")
    assert found[0]["message"] == "password=[redacted]"
    found = events("pass\x1b[0mword=hunter2\npass\0\0\0\0word=hunter3\n")
    assert "hunter" not in str(found)


def test_raw_colours_within_json_make_no_broken_event() -> None:
    lines = [f'{{"time":"2026-11-22T10:33:2{n}Z","level":"info","msg":"a"}}' for n in range(5)]
    painted = [line.replace('"a"', '"\x1b[31ma\x1b[0m"') for line in lines]
    assert [event["message"] for event in events("\n".join(lines + painted))] == ["a"] * 10


@pytest.mark.parametrize(
    "settings", [{"format": "plain"}, {"format": "grok", "patterns": ["%{GREEDYDATA:message}"]}]
)
def test_texts_for_patterns_are_as_they_are(settings: dict[str, Any]) -> None:
    (event,) = events("\x1b[32mready\x1b[0m\n", **settings)
    assert event["message"] == "\x1b[32mready\x1b[0m"


def framing_of_auto() -> Framing:
    return make_framing(FileInput(path=["x"]), max_event_bytes=100_000)


LINES = st.lists(
    st.sampled_from(
        [ZAP, PINO, "\x1b[0m", "\x1b[31m  more\x1b[0m", "", "\tat a.B(c)", '{"a":1}', "\x1b[1m{", "}", "x\r"]
    ),
    max_size=12,
)  # fmt: skip


@given(LINES, st.integers(0, 200))
def test_lines_that_come_bit_by_bit_are_the_same(lines: list[str], place: int) -> None:
    data = "".join(f"{line}\n" for line in lines).encode()
    framing, whole = framing_of_auto(), framing_of_auto().cut(data, ended=True)
    first = framing.cut(data[:place], ended=False)
    rest = framing.cut(data[first.consumed :], ended=True)
    assert [*first.texts, *rest.texts] == whole.texts
    assert (
        framing_of_auto().cut_again(data, zip(whole.starts, whole.ends, strict=True)).texts
        == whole.texts
    )
    assert first.empty_lines + rest.empty_lines + sum(first.lines) + sum(rest.lines) == len(lines)
