"""Is what docs/queries.md says true?"""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from logboom.errors import QueryError
from logboom.fields import ALIASES, EVENT_FIELDS, FieldType
from logboom.query.clauses import MAX_SLOP
from logboom.query.leaves import MAX_TIMES
from logboom.query.lucene import (
    MAX_CLAUSES,
    MAX_DEPTH,
    MAX_LENGTH,
    parse_query,
    parse_query_with_notes,
)
from logboom.query.printing import format_query
from logboom.query.times import parse_time
from logboom.query.translation import LANGUAGES, MORE_LANGUAGES

NOW_NS = 1_773_192_615_123_456_789
SEOUL = ZoneInfo("Asia/Seoul")
_LANGUAGES = {
    "German": "de", "French": "fr", "Spanish": "es", "Portuguese": "pt", "Italian": "it",
    "Dutch": "nl", "Japanese": "ja", "Chinese": "zh", "Arabic": "ar", "Bulgarian": "bg",
    "Croatian": "hr", "Czech": "cs", "Danish": "da", "Finnish": "fi", "Greek": "el", "Hebrew": "he",
    "Hindi": "hi", "Hungarian": "hu", "Indonesian": "id", "Norwegian (Bokmål)": "nb",
    "Persian": "fa", "Polish": "pl", "Romanian": "ro", "Russian": "ru", "Slovak": "sk",
    "Swedish": "sv", "Thai": "th", "Traditional Chinese": "zh-Hant", "Turkish": "tr",
    "Ukrainian": "uk", "Vietnamese": "vi",
}  # fmt: skip
PAGE = (Path(__file__).parents[3] / "docs" / "queries.md").read_text("utf-8")


def block(kind: str) -> list[tuple[str, str]]:
    """The lines of the blocks of a kind: query and explanation."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    bodies = [body for name, body in blocks if name == kind]
    lines = [line for body in bodies for line in body.splitlines()]
    return [tuple(re.split(r"\s{3,}", line, maxsplit=1)) for line in lines]  # type: ignore[misc]


@pytest.mark.parametrize(("query", "meaning"), block(""))
def test_each_example_is_a_query(query: str, meaning: str) -> None:
    assert meaning
    model = parse_query(query, now_ns=NOW_NS)
    assert parse_query(format_query(model), now_ns=NOW_NS) == model


@pytest.mark.parametrize(("query", "says"), block("errors"))
def test_each_mistake_is_refused_as_told(query: str, says: str) -> None:
    with pytest.raises(QueryError, match=re.escape(says)):
        parse_query(query, now_ns=NOW_NS)


@pytest.mark.parametrize(("query", "says"), block("notes"))
def test_each_note_is_given_as_told(query: str, says: str) -> None:
    notes = parse_query_with_notes(query, now_ns=NOW_NS).notes
    assert any(says in note.text for note in notes)


def test_the_blocks_are_found() -> None:
    assert len(block("")) > 60
    assert len(block("errors")) > 10
    assert len(block("notes")) > 5


def test_the_short_names_are_those_of_the_code() -> None:
    section = PAGE.split("### Short names")[1].split("###")[0]
    rows = re.findall(r"^\| (`.*?`) \| `(.*?)` \|$", section, re.MULTILINE)
    told = {alias: field for aliases, field in rows for alias in re.findall(r"`(.*?)`", aliases)}
    assert told == ALIASES


@pytest.mark.parametrize(
    ("row", "kinds"),
    [
        ("text", {FieldType.TEXT}),
        ("number", {FieldType.LONG, FieldType.DOUBLE}),
        ("time", {FieldType.DATE}),
        ("IP address", {FieldType.IP}),
    ],
)
def test_the_kinds_of_fields_are_those_of_the_code(row: str, kinds: set[FieldType]) -> None:
    match = re.search(rf"^\| {row} \| (.*?) \|", PAGE, re.MULTILINE)
    assert match is not None
    told = set(re.findall(r"`(.*?)`", match[1]))
    assert told == {name for name, kind in EVENT_FIELDS.items() if kind in kinds}


def test_each_time_is_one() -> None:
    section = PAGE.split("## Times")[1].split("## ")[0]
    rows = re.findall(r"^\| [^|`]+ \| ((?:`[^`]*` ?)+) \|", section, re.MULTILINE)
    examples = [text.replace("\\|", "|") for row in rows for text in re.findall(r"`(.*?)`", row)]
    assert len(examples) > 25
    zero = parse_time("0", now_ns=NOW_NS, zone=SEOUL)
    assert all(parse_time(text, now_ns=NOW_NS, zone=SEOUL) > zero for text in examples)


def test_the_languages_of_times_are_those_of_the_code() -> None:
    told = re.findall(r"data have for them: (.*?), tried in this order; and (.*?)\.", PAGE)
    first, more = (re.split(r", | and ", names) for names in told[0])
    assert [_LANGUAGES[name] for name in first] == list(LANGUAGES[1:])
    assert {_LANGUAGES[name] for name in more} == set(MORE_LANGUAGES)


def test_the_limits_are_those_of_the_code() -> None:
    told = f"{MAX_LENGTH:,} characters, {MAX_DEPTH} levels of parentheses, {MAX_CLAUSES:,} clauses, {MAX_TIMES} different times"
    assert told in PAGE
    assert MAX_SLOP == 1000


def test_each_example_finds_events_on_every_store() -> None:
    scenarios = Path(__file__).parents[2] / "scenarios"
    scenario = yaml.safe_load((scenarios / "documented.yaml").read_text("utf-8"))
    found = {case["query"]: case["finds"] for case in scenario["cases"]}
    assert list(found) == [query for query, _ in block("")]
    assert all(found.values())
    assert all(len(names) < len(scenario["events"]) for query, names in found.items() if query)
