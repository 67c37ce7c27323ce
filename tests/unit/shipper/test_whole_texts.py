"""Whatever stands in a text stands in its event, wherever it is: no parser leaves a part of it out."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson
import pytest

from logboom.config import FileInput
from shipper.parsers.catalogue import Format, load_catalogue
from shipper.parsers.making import format_parser, make_parser
from shipper.parsers.syslog import parse_syslog

FORMATS = load_catalogue().formats.values()
WORD = "zq7zq"
BEHIND_WORDS = re.compile(r"(?<=\w)(?=\W|$)")


def with_a_word(text: str) -> Iterator[str]:
    """The text with a word that nobody expects behind each of its words, apart from it and not."""
    for place in BEHIND_WORDS.finditer(text):
        for word in (f" {WORD}", WORD):
            yield text[: place.start()] + word + text[place.start() :]


@pytest.mark.parametrize("one", FORMATS, ids=lambda one: one.name)
def test_a_word_that_is_not_expected_is_kept(one: Format) -> None:
    parser = format_parser(one)
    for sample in one.samples:
        for line in sample.before:
            parser.parse(line)
        for text in with_a_word(sample.text):
            fields = parser.parse(text)
            assert is_kept(fields), (text, fields)


def is_kept(fields: dict[str, object] | None) -> bool:
    """Also where there is no message: it is the whole text then."""
    if fields is None or ("message" not in fields and not {"msg", "short_message"} & fields.keys()):
        return True
    return WORD in orjson.dumps(fields).decode().lower()


REPEATED = {
    "logfmt": ("msg=a x=1 x=2 x=3", {"msg": "a", "x": "1", "x_2": "2", "x_3": "3"}),
    "keyvalue": ("msg=a, x=1, x=2", {"msg": "a", "x": "1", "x_2": "2"}),
    "syslog_5424": (
        '<165>1 - - - - - [origin ip="192.0.2.1" ip="192.0.2.129" software="x"] m',
        {"attributes.structured_data": {"origin": {"ip": ["192.0.2.1", "192.0.2.129"], "software": "x"}}},
    ),
    "journal_export": (
        "__REALTIME_TIMESTAMP=1791640536123456\nMESSAGE=m\nUNIT=a\nUNIT=b\nSYSLOG_FACILITY=3",
        {"attributes.UNIT": ["a", "b"], "attributes.SYSLOG_FACILITY": "3"},
    ),
    "cef": (
        "CEF:0|A|S|1.2|100|Scan|7|suser=ada usrName=bob x=1 x=2 name=own severity=odd cs1=a cs1Label=x cs2Label=y",
        {
            "user.name": "ada", "attributes.usrName": "bob", "attributes.x": "1", "attributes.x_2": "2",
            "attributes.name": "Scan", "attributes.name_2": "own", "attributes.severity": 7,
            "attributes.severity_2": "odd", "attributes.x_3": "a", "attributes.cs2Label": "y",
        },
    ),
    "leef": (
        "LEEF:1.0|A|S|1.2|scan|msg=m\tx=1\tx=2\tno pair",
        {"message": "m", "attributes.x": "1", "attributes.x_2": "2", "attributes.extension": "no pair"},
    ),
    "mongodb": (
        '{"t":{"$date":"2026-10-10T13:55:36Z","ms":7},"s":"X","c":"C","msg":"m","attr":{"component":"own"}}',
        {"log.level": "X", "attributes": {"component": "own", "component_2": "C", "t": {"ms": 7}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("name", "expected"), REPEATED.items(), ids=REPEATED)
def test_of_several_values_of_one_name_all_are_kept(
    name: str, expected: tuple[str, dict[str, object]]
) -> None:
    text, fields = expected
    parsed = make_parser(FileInput(path=["x"], format=name)).parse(text)
    assert parsed is not None
    assert fields.items() <= parsed.items()


def test_structured_data_that_is_not_as_it_should_be_stays_a_text() -> None:
    for data in ('[origin ip="192.0.2.1"][odd x]', "[]", '[a b = "c"]'):
        found = parse_syslog(f"<165>1 - - - - - {data} m")
        assert found is not None
        assert found[0]["structured_data"] == data
        assert found[1] == "m"


def test_columns_without_a_name_of_their_own_are_kept() -> None:
    parser = make_parser(FileInput(path=["x"], format="csv"))
    parser.parse(",message,a,a")
    assert parser.parse("7,m,1,2") == {"column_1": "7", "message": "m", "a": "1", "a_2": "2"}
