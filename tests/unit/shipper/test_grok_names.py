"""The pattern sets have the names and captures that users know, and read what the programs write."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from shipper.parsers.grok import Grok, PatternLibrary
from shipper.parsers.grok.library import PatternSet

DATA = Path(__file__).parents[2] / "data"
NAMES: dict[str, dict[PatternSet, list[str]]] = json.loads(
    (DATA / "grok_names.json").read_text(encoding="utf-8")
)
LINES: list[dict[str, Any]] = json.loads((DATA / "grok_lines.json").read_text(encoding="utf-8"))
SETS: tuple[PatternSet, ...] = ("legacy", "ecs-v1")
LIBRARIES = {name: PatternLibrary.of(name) for name in SETS}
IN_A_SET = [(name, each) for name, sets in NAMES.items() for each in sets]
EXPECTED = [(each, line) for line in LINES for each in SETS if each in line]

_CAPTURE = re.compile(r"%\{(\w+)(?::([^{}:]+(?::\w+)?))?\}|\(\?<([^<>=!]+)>")


@cache
def captures(set_name: PatternSet, name: str) -> frozenset[str]:
    """Of a definition and of all that it refers to, with their types."""
    found: set[str] = set()
    for reference, field, group in _CAPTURE.findall(LIBRARIES[set_name].definition(name)):
        found |= {field, group} - {""}
        if reference:
            found |= captures(set_name, reference)
    return frozenset(found)


@cache
def reader(set_name: PatternSet, name: str) -> Grok:
    """Compiled once for all lines of a pattern."""
    return Grok([f"^%{{{name}}}"], LIBRARIES[set_name])


@pytest.mark.parametrize(("name", "set_name"), IN_A_SET)
def test_a_name_has_its_captures(name: str, set_name: PatternSet) -> None:
    assert not set(NAMES[name][set_name]) - captures(set_name, name)


@pytest.mark.parametrize("set_name", SETS)
def test_a_set_has_no_name_of_the_other_one_and_no_other_captures(set_name: PatternSet) -> None:
    library = LIBRARIES[set_name]
    assert not set(library.names) & {name for name, sets in NAMES.items() if set_name not in sets}
    known = {capture for sets in NAMES.values() for capture in sets.get(set_name, [])}
    assert set().union(*(captures(set_name, name) for name in library.names)) <= known


@pytest.mark.parametrize(("set_name", "line"), EXPECTED, ids=lambda value: str(value)[:40])
def test_a_line_of_a_program_is_read(set_name: PatternSet, line: dict[str, Any]) -> None:
    assert reader(set_name, line["pattern"]).match(line["line"]) == line[set_name]


def test_every_file_of_programs_has_a_line_that_is_read() -> None:
    folder = resources.files("mappings") / "grok" / "programs"
    read = {line["pattern"] for line in LINES}
    for file in folder.iterdir():
        defined = {
            line.split(" ")[0].split(":")[-1]
            for line in file.read_text(encoding="utf-8").splitlines()
        }
        assert defined & read or file.name == "shared", file.name


@pytest.mark.parametrize(
    ("name", "legacy", "ecs"),
    [
        ("EXIM_PID", r"\[%{POSINT:pid}\]", r"\[%{POSINT:[process][pid]:int}\]"),
        ("URIHOST", "%{IPORHOST}(?::%{POSINT:port})?", "%{IPORHOST}(?::%{POSINT})?"),
        ("BACULA_AT_PATH", r"\(%{BACULA_DEVICEPATH}\)", r"\(%{BACULA_DEVICEPATH:[bacula][volume][path]}\)"),
        ("RCONTROLLER", r"(?<controller>[^\s#]++)#(?<action>\w+)",
         r"(?<[rails][controller][class]>[^\s#]++)#(?<[rails][controller][action]>\w+)"),
        ("NETSCREEN_START", "%{QS:start_time}", '"(?<[netscreen][session][start_time]>[^"]*+)"'),
        ("ABSENT", "(?!)", r'-1?(?![^\s/"])'),
    ],
)  # fmt: skip
def test_one_definition_has_a_side_for_each_set(name: str, legacy: str, ecs: str) -> None:
    assert LIBRARIES["legacy"].definition(name) == legacy
    assert LIBRARIES["ecs-v1"].definition(name) == ecs


def test_a_group_without_a_field_on_one_side_captures_nothing_there() -> None:
    assert (
        LIBRARIES["legacy"].definition("HAPROXYTIME").endswith("(?<haproxy_second>[0-5][0-9]|60)")
    )
    assert LIBRARIES["ecs-v1"].definition("HAPROXYTIME").endswith("(?:[0-5][0-9]|60)")
