"""Attributes with numbers are named once for each day."""

from __future__ import annotations

from datetime import date
from typing import Any

from logboom.store import Document
from logboom.store.elastic.number_paths import MOST_PER_INDEX, NumberPaths

ONE, OTHER = date(2026, 3, 14), date(2026, 3, 15)


def document(attributes: Any, day: date = ONE) -> Document:
    return Document.of("x", day, {"attributes": attributes})


def test_every_path_to_a_number_is_found_and_nothing_else() -> None:
    attributes = {
        "n": 1, "f": 1.5, "s": "12", "t": True, "none": None, "o": {"p": 2, "q": {"r": "x", "s": 3}},
        "l": ["a", 4], "lo": [{"x": "y"}, {"z": 5}], "ll": [[["b"], [6]]], "d.e": 7, " ": 8, "": 9,
        "empty": {}, "nothing": [],
    }  # fmt: skip
    found = NumberPaths().unknown([document(attributes)])
    assert found == {ONE: ["d.e", "f", "l", "ll", "lo.z", "n", "o.p", "o.q.s"]}


def test_a_path_is_named_once_for_each_day() -> None:
    paths = NumberPaths()
    assert paths.unknown([document({"n": 1}), document({"n": 2})]) == {ONE: ["n"]}
    assert paths.unknown([document({"n": 1}), document({"n": 2}, OTHER)]) == {OTHER: ["n"]}
    assert paths.unknown([document({"n": 1}), document({"m": 2})]) == {ONE: ["m"]}
    paths.forget(ONE)
    assert paths.unknown([document({"n": 1}), document({"n": 2}, OTHER)]) == {ONE: ["n"]}


def test_there_is_a_bound() -> None:
    paths = NumberPaths()
    named = 0
    for n in range(3 * MOST_PER_INDEX):
        named += len(paths.unknown([document({f"n{n}": 1})]).get(ONE, ()))
    assert named == MOST_PER_INDEX


def test_attributes_of_another_shape_are_passed_over() -> None:
    assert NumberPaths().unknown([document("x"), document(None), document([1])]) == {}
    assert NumberPaths().unknown([Document.of("x", ONE, {})]) == {}
