"""What is spliced of a parser's fields is what the normaliser makes of them."""

from __future__ import annotations

from collections.abc import Callable
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
from shipper.events.lines import LineWriter
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
    events: list[Any] = []
    rest = buffer
    for ended in (False, True):  # what is learnt of the first half counts for the second
        piece = rest if ended else rest[: len(rest) // 2]
        made = assembler.assemble(piece, offset=offset, read_ns=READ_NS, ended=ended)
        events += [orjson.loads(message.value) for message in made.messages]
        rest, offset = rest[made.consumed :], offset + made.consumed
    return events


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


class Both:
    """The splicer and the normaliser of one source."""

    def __init__(self, zone: str, *, native: bool) -> None:
        context = SourceContext(
            "mp2851rqn1642", "/var/log/app.log", "vm", "app", ZoneInfo(zone), {}
        )
        redactor = Redactor.with_defaults()
        library, automaton = native_library(), redactor.automaton
        compiled = (
            NativeSplicer(library, context, automaton)
            if native and library is not None and automaton is not None
            else None
        )
        self._splicer = ParsedSplicer(Splicer(context), compiled, redactor)
        self._lines = LineWriter(context.zone)
        self._normaliser = Normaliser(context, redactor=redactor)

    def check(self, parsed: list[Fields | None]) -> list[bool]:
        """Holds both to the same events; says which ones were spliced."""
        offsets = [5 + 1000 * number for number in range(len(parsed))]
        lines = [
            b""
            if fields is None
            else self._lines.parsed(fields, "the text", marks=(), wrapped=None, read_ns=READ_NS)
            for fields in parsed
        ]
        made = self._splicer.splice(lines, offsets, read_text=READ_TEXT)
        left = set(made.left())
        for number in left:
            made.put(number, b"", "")
        values, stamps = made.run(b"").values(), made.stamps()
        for number, (fields, value) in enumerate(zip(parsed, values, strict=True)):
            if number not in left:
                expected, timestamp = self._normaliser.normalise(
                    fields, "the text", offset=offsets[number], read_ns=READ_NS,
                    read_text=READ_TEXT,
                )  # fmt: skip
                assert orjson.loads(value) == orjson.loads(expected)
                assert stamps[number] == timestamp
        return [number not in left for number in range(len(parsed))]


@pytest.mark.parametrize("native", [False, True])
def test_usual_fields_are_spliced_once_they_are_known(native: bool) -> None:
    both = Both("Asia/Seoul", native=native)
    assert not any(both.check([USUAL] * 15))
    both.check([USUAL])
    assert all(both.check([USUAL] * 3))


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
    both = Both("Europe/Berlin", native=native)
    both.check([USUAL] * 20)
    parsed = [USUAL, {**USUAL, **change}, None, USUAL]
    assert both.check(parsed) == [True, False, False, True]


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
    both = Both("UTC", native=native)
    both.check([USUAL] * 20)
    both.check([{**USUAL, **change} for change in changes])


def test_times_are_those_of_the_zone() -> None:
    (event, *_) = assembled(
        FileInput(path=["x"], zone="Asia/Seoul", multiline="none"),
        b"2026-11-21 15:24:28,566 INFO com.acme.Cart - loaded\n" * 40,
    )
    assert event["@timestamp"] == "2026-11-21T06:24:28.566Z"


def as_cri(text: str) -> bytes:
    head = b"2026-11-21T06:24:28.123456789Z stdout F "
    return b"".join(head + line.encode() + b"\n" for line in text.split("\n"))


def as_docker(text: str) -> bytes:
    wrapper = {"stream": "stderr", "time": "2026-11-21T06:24:28.123456789Z"}
    return b"".join(
        orjson.dumps({"log": f"{line}\n", **wrapper}) + b"\n" for line in text.split("\n")
    )


def as_it_is(text: str) -> bytes:
    return text.encode() + b"\n"


HEAD = "2026-11-21 06:24:28,566 ERROR com.acme.Cart - cannot load"
OBJECT = {"timestamp": "2026-11-21T06:24:28.566Z", "level": "INFO", "message": "loaded"}
TEXTS = {
    "a line": HEAD,
    "a trace": f'{HEAD}\njava.io.IOException: no "stock"\n\tat com.acme.Cart.load(Cart.java:7)',
    "a trace without a message": f"{HEAD}\njava.io.IOException\n\tat com.acme.Cart.load(Cart.java:7)",
    "more lines": f"{HEAD}\n  and why",
    "control characters": f"{HEAD}\n  \x1b[31mred",
    "a secret in a trace": f"{HEAD}\njava.io.IOException: password=hunter22\n\tat com.acme.A.b(A.java:7)",
    "an object": orjson.dumps(OBJECT).decode(),
    "an object with a stream": orjson.dumps({**OBJECT, "stream": "mine"}).decode(),
    "an object with tags": orjson.dumps({**OBJECT, "tags": ["mine"]}).decode(),
    "an object without a time": orjson.dumps({"level": "INFO", "message": "loaded"}).decode(),
    "an object with a secret": orjson.dumps({**OBJECT, "password": "hunter22"}).decode(),
    "an object with an error": orjson.dumps({**OBJECT, "error.type": "NoStock"}).decode(),
    "an empty object": "{}",
    "nothing that is known": "loaded",
}


@pytest.mark.parametrize(
    "fields", [{}, {"stream": "ours", "log.level": "WARN"}], ids=["", "static"]
)
@pytest.mark.parametrize("wrap", [as_it_is, as_cri, as_docker])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_texts_in_wrappers_and_of_several_lines_are_the_same(
    text: str, wrap: Callable[[str], bytes], fields: Fields
) -> None:
    section = FileInput(path=["x"], fields=fields)
    one = wrap(text)
    many = assembled(section, one * 60)
    assert len(many) == 60
    (single,) = assembled(section, one, 59 * len(one))
    assert many[59] == single
