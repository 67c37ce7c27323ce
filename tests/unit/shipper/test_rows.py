"""What parsers find without naming it becomes the same as what they name."""

from __future__ import annotations

from datetime import UTC

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from shipper.events.columns import alike, texts_as_json
from shipper.events.lines import LineWriter
from shipper.events.parsed import Parsed
from shipper.parsers.catalogue import Format, Sample, load_catalogue
from shipper.parsers.making import format_parser, make_parser
from shipper.parsers.port import Fields, Row, Rows, rows_of

READ_NS = 1_791_700_000_000_000_000
SAMPLES = [
    pytest.param(one, sample, id=f"{one.name}-{number}")
    for one in load_catalogue().formats.values()
    for number, sample in enumerate(one.samples)
]
GROK = "%{TIMESTAMP_ISO8601:timestamp} %{LOGLEVEL:level} %{DATA:logger} - %{GREEDYDATA:message}"
WITH_A_LINE = "%{TIMESTAMP_ISO8601:timestamp} (?:%{WORD:node} )?%{GREEDYDATA:message}"
VALUES = st.text(st.sampled_from('",\\a\n\té한'), max_size=6)
TIMES = st.sampled_from(
    ["2026-10-11 06:26:40,123", "2026-10-11 06:26:40.5", "2026-10-25 02:30:00,000", "never", ""]
)


def rows_for(patterns: list[str]) -> Rows:
    section = FileInput.model_validate({"path": "/x", "format": "grok", "patterns": patterns})
    rows = rows_of(make_parser(section))
    assert rows is not None
    return rows


@pytest.mark.parametrize(("described", "sample"), SAMPLES)
def test_a_row_of_a_sample_has_its_fields(described: Format, sample: Sample) -> None:
    parser = format_parser(described)
    for line in sample.before:
        parser.parse(line)
    assert Parsed.of(parser, [sample.text]).fields(0) == sample.fields


def test_usual_texts_are_rows() -> None:
    automatic = make_parser(FileInput(path="/x"))
    text = "2026-11-21 06:24:28,566 ERROR com.acme.shop - cart order 17"
    assert Parsed.of(automatic, [text]).rows(but=()) == {}
    rows = Parsed.of(automatic, [text, "{}", text]).rows(but=())
    assert rows == {0: rows[0], 2: rows[0]}
    assert "cart order 17" in rows[0]
    named = rows_for([GROK]).read(text)
    assert named == ("2026-11-21 06:24:28,566", "ERROR", "com.acme.shop", "cart order 17")


@given(st.lists(st.sampled_from(["", "behind ", "2026-11-21 ", "a line "]), min_size=1))
def test_a_pattern_is_found_wherever_it_is(heads: list[str]) -> None:
    section = FileInput.model_validate({"path": "/x", "format": "grok", "patterns": [GROK]})
    texts = [
        head if head == "a line " else f"{head}2026-11-21 06:24:28,566 ERROR shop - {number}"
        for number, head in enumerate(heads)
    ]
    parsed, apart = Parsed.of(make_parser(section), texts), make_parser(section)
    assert [parsed.fields(number) for number in range(len(texts))] == list(map(apart.parse, texts))


def test_rows_end_when_a_file_has_another_format() -> None:
    parser = make_parser(FileInput(path="/x"))
    dashed = "2026-11-21 06:24:28,566 ERROR com.acme.shop - cart order 17"
    other = '127.0.0.1 - - [21/Nov/2026:06:24:28 +0000] "GET / HTTP/1.1" 200 612'
    texts = [dashed, *[other] * 12, dashed]
    apart = make_parser(FileInput(path="/x"))
    expected = [apart.parse(text) for text in texts]
    parser.parse(dashed)
    parsed = Parsed.of(parser, texts)
    assert [parsed.fields(number) for number in range(len(texts))] == expected
    assert parser.name == apart.name != "dashed"


@pytest.mark.parametrize(
    "patterns",
    [
        ["%{TIMESTAMP_ISO8601:timestamp} %{GREEDYDATA:text}"],
        ["%{LOGLEVEL:level} %{GREEDYDATA:message}"],
        ["%{TIMESTAMP_ISO8601:timestamp} %{INT:n:int} %{GREEDYDATA:message}"],
        ["%{TIMESTAMP_ISO8601:timestamp} %{WORD:timestamp} %{GREEDYDATA:message}"],
        ["%{TIMESTAMP_ISO8601:timestamp}(?: %{GREEDYDATA:message})?"],
    ],
)
def test_patterns_without_a_time_a_message_or_with_types_give_no_rows(patterns: list[str]) -> None:
    section = FileInput.model_validate({"path": "/x", "format": "grok", "patterns": patterns})
    assert rows_of(make_parser(section)) is None


@given(st.lists(VALUES, min_size=1))
def test_texts_that_are_written_together_are_those_written_alone(column: list[str]) -> None:
    assert texts_as_json(column) == list(map(orjson.dumps, column))


@given(st.lists(st.tuples(*[st.sampled_from([None, "", "a", "b"])] * 3)))
def test_every_row_is_among_those_that_are_like_it(found: list[Row]) -> None:
    kind = Rows(("x", "y", "z"), lambda _: None, lambda _: {}, frozenset([None, ""]), {})
    numbered = dict(enumerate(found))
    whole: dict[int, Fields] = {}
    for same in alike(kind, numbered):
        for place, number in enumerate(same.numbers):
            assert number not in whole
            whole[number] = {name: column[place] for name, column in same.columns.items()}
    assert whole == {
        number: {n: v for n, v in zip(kind.names, row, strict=True) if v}
        for number, row in numbered.items()
    }


@given(st.lists(st.tuples(TIMES, VALUES | st.none(), VALUES)))
def test_lines_of_rows_are_those_of_named_fields(found: list[tuple[str, str | None, str]]) -> None:
    kind = rows_for([WITH_A_LINE])
    writer = LineWriter(UTC)
    lines = writer.rows(kind, dict(enumerate(found)), read_ns=READ_NS)
    assert lines.keys() == set(range(len(found)))
    for number, row in enumerate(found):
        fields = {n: v for n, v in zip(kind.names, row, strict=True) if v is not None}
        assert lines[number] == writer.parsed(
            fields, "", marks=(), wrapped=None, read_ns=READ_NS
        )  # fmt: skip


def test_values_are_converted_and_what_json_cannot_hold_is_left() -> None:
    names = ("@timestamp", "attributes.line", "message")
    kind = Rows(names, lambda _: None, lambda _: {}, frozenset([None]), {"attributes.line": int})
    rows: dict[int, Row] = {4: ("2026-10-11 06:26:40,123", "17", "a"), 5: ("never", None, "b")}
    lines = LineWriter(UTC).rows(kind, rows, read_ns=READ_NS)
    assert orjson.loads(lines[4]) == {
        "@timestamp": "2026-10-11T06:26:40.123Z", "attributes.line": 17, "message": "a",
    }  # fmt: skip
    assert lines[5] == b""
    beyond: dict[int, Row] = {1: ("2026-10-11 06:26:40,123", "1" * 30, "a")}
    assert LineWriter(UTC).rows(kind, beyond, read_ns=READ_NS) == {1: b""}
