"""Detection: a source's format is found by trying, kept while it fits, given up when it does not."""

from __future__ import annotations

import pytest

from logboom.config import FileInput
from shipper.parsers.making import make_parser
from shipper.parsers.port import Parser


def auto() -> Parser:
    return make_parser(FileInput(path=["x"]))


def test_it_changes_its_mind_with_the_file() -> None:
    parser = auto()
    parser.parse('{"a":1}')
    assert parser.name == "json"
    for _ in range(20):
        assert parser.parse("a=1 b=2") == {"a": "1", "b": "2"}
    assert parser.name == "logfmt"


def test_one_strange_line_changes_nothing() -> None:
    parser = auto()
    for _ in range(20):
        parser.parse("2026-10-10 13:55:36,123 [main] ERROR com.acme.Cart - cannot load")
    fields = parser.parse("level=info msg=x")
    assert fields == {"level": "info", "msg": "x"}
    assert parser.name == "logback"


def test_a_first_line_that_says_little_is_not_kept_for_long() -> None:
    parser = auto()
    parser.parse("2026-10-10 13:55:36,000 the log begins")
    assert parser.name == "timed"
    for _ in range(3):
        fields = parser.parse("2026-10-10 13:55:36,123 [main] ERROR com.acme.Cart - cannot load")
        assert fields is not None
        assert fields["log.logger"] == "com.acme.Cart"
    assert parser.name == "logback"


def test_a_file_that_begins_to_say_more_is_noticed() -> None:
    parser = auto()
    for _ in range(2000):
        parser.parse("2026-10-10 13:55:36,000 words")
    assert parser.name == "timed"
    for _ in range(300):
        parser.parse("2026-10-10 13:55:36,123 [main] ERROR com.acme.Cart - cannot load")
    assert parser.name == "logback"


def test_a_line_that_says_more_by_chance_does_not_take_over() -> None:
    parser = auto()
    for _ in range(10):
        parser.parse("2026-10-10 13:55:36 ERROR cannot load")
    parser.parse("2026-10-10 13:55:36 ERROR OutOfMemory: no space")
    assert parser.parse("2026-10-10 13:55:36 ERROR again") is not None
    assert parser.name == "bracketed"


@pytest.mark.parametrize(
    "text",
    [
        "something happened",
        "Error opening the cart",
        "critical path computed",
        "panic button pressed",
        "error-prone code was found",
        "Information desk opened",
    ],
)
def test_words_have_no_format(text: str) -> None:
    parser = auto()
    assert parser.parse(text) is None
    assert parser.name == "auto"


def test_words_between_commas_are_no_header() -> None:
    for first in (
        "name,age,city",
        "the time, a level, a message",
        "time,message",
        "a,a,time,level",
    ):
        parser = auto()
        assert parser.parse(first) is None
        assert parser.parse("x,y,z") is None


def test_a_row_in_the_middle_is_no_header() -> None:
    parser = auto()
    assert parser.parse("something happened") is None
    assert parser.parse("time,level,message") is None
