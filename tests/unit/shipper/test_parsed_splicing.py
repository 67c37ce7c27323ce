"""What is spliced of a parser's fields is what the normaliser makes of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logboom.config import FileInput
from logboom.event import IndexDays, source_run
from logboom.native import native_library
from shipper.events.assembly import Assembler
from shipper.events.native_splicing import NativeSplicer
from shipper.events.normalise import Normaliser, SourceContext
from shipper.events.parsed_splicing import ParsedSplicer
from shipper.events.splicing import Splicer
from shipper.parsers.catalogue import Format, load_catalogue
from shipper.parsers.port import Fields
from shipper.redaction.redact import Redactor

READ_NS = 1_795_246_020_116_000_000
READ_TEXT = "2026-11-21T07:27:00.116Z"
FORMATS = [one for one in load_catalogue().formats.values() if one.pattern]
USUAL: Fields = {
    "@timestamp": "2026-11-21 06:24:28,566",
    "log.level": "INFO",
    "log.logger": "com.acme.cart",
    "process.pid": 7,
    "message": 'a "word"',
    "attributes.node": "n1",
}


def assembled(section: FileInput, buffer: bytes, offset: int = 0) -> list[dict[str, Any]]:
    assembler = Assembler(
        section, source="s", run=source_run("s", 0), epoch=0, path="/var/log/app.log",
        max_event_bytes=100_000, days=IndexDays(timedelta(days=90)),
    )  # fmt: skip
    made = assembler.assemble(buffer, offset=offset, read_ns=READ_NS, ended=True)
    return [orjson.loads(message.value) for message in made.messages]


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_events_of_every_format_are_the_same_also_when_they_are_usual(one: Format) -> None:
    section = FileInput(path=["x"], format=one.name, multiline="none")
    lines = [sample.text.partition("\n")[0].encode() + b"\n" for sample in one.samples]
    many = assembled(section, b"".join(lines) * 40)
    offset = 0
    for number, line in enumerate(lines * 40):
        if number >= len(lines) * 39:
            (single,) = assembled(section, line, offset)
            assert many[number] == single
        offset += len(line)


def splicers(zone: str, *, native: bool) -> tuple[ParsedSplicer, Normaliser]:
    context = SourceContext("mp2851rqn1642", "/var/log/app.log", "vm", "app", ZoneInfo(zone), {})
    redactor = Redactor.with_defaults()
    library, automaton = native_library(), redactor.automaton
    compiled = (
        NativeSplicer(library, context, automaton)
        if native and library is not None and automaton is not None
        else None
    )
    splicer = ParsedSplicer(Splicer(context), compiled, redactor, context.zone)
    return splicer, Normaliser(context, redactor=redactor)


def check(
    splicer: ParsedSplicer, normaliser: Normaliser, parsed: list[Fields | None]
) -> list[bool]:
    offsets = [5 + 1000 * number for number in range(len(parsed))]
    made = splicer.splice(parsed, offsets, but=(), read_ns=READ_NS, read_text=READ_TEXT)
    left = set(made.left())
    for number in left:
        made.put(number, b"", "")
    values, stamps = made.run(b"").values(), made.stamps()
    for number, (fields, value) in enumerate(zip(parsed, values, strict=True)):
        if number not in left:
            expected, timestamp = normaliser.normalise(
                fields, "the text", offset=offsets[number], read_ns=READ_NS, read_text=READ_TEXT
            )
            assert orjson.loads(value) == orjson.loads(expected)
            assert stamps[number] == timestamp
    return [number not in left for number in range(len(parsed))]


@pytest.mark.parametrize("native", [False, True])
def test_usual_fields_are_spliced_once_they_are_known(native: bool) -> None:
    splicer, normaliser = splicers("Asia/Seoul", native=native)
    assert not any(check(splicer, normaliser, [USUAL] * 15))
    check(splicer, normaliser, [USUAL])
    assert all(check(splicer, normaliser, [USUAL] * 3))


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    "change",
    [
        {"message": "two\nlines"},
        {"@timestamp": "no time"},
        {"@timestamp": "2026-10-25 02:30:00,000"},
        {"process.pid": "x"},
        {"attributes.node": object()},
        {"message": "password=hunter22"},
    ],
)
def test_unusual_ones_are_left_alone(native: bool, change: Fields) -> None:
    splicer, normaliser = splicers("Europe/Berlin", native=native)
    check(splicer, normaliser, [USUAL] * 20)
    parsed = [USUAL, {**USUAL, **change}, None, USUAL]
    assert check(splicer, normaliser, parsed) == [True, False, False, True]


@settings(max_examples=200, deadline=None)
@given(
    changes=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "@timestamp": st.sampled_from(
                    ["2026-11-21T06:24:28.566Z", "2026-11-21 06:24:28.1", "Nov 21 06:24:28",
                     "2026-11-21 06:24:28,566+02:00", "1795246020.116", "٢٠٢٦-11-21 06:24:28,566", ""]
                ),
                "message": st.text(max_size=20),
                "process.pid": st.integers(-5, 2**70),
                "log.level": st.text(max_size=5),
                "attributes.node": st.one_of(st.text(max_size=9), st.floats(), st.none()),
            },
        ),
        max_size=5,
    ),
    native=st.booleans(),
)  # fmt: skip
def test_whatever_is_spliced_is_the_same(changes: list[Fields], native: bool) -> None:
    splicer, normaliser = splicers("UTC", native=native)
    check(splicer, normaliser, [USUAL] * 20)
    check(splicer, normaliser, [{**USUAL, **change} for change in changes])


def test_times_are_those_of_the_zone() -> None:
    (event, *_) = assembled(
        FileInput(path=["x"], zone="Asia/Seoul", multiline="none"),
        b"2026-11-21 15:24:28,566 INFO com.acme.Cart - loaded\n" * 40,
    )
    assert event["@timestamp"] == "2026-11-21T06:24:28.566Z"
