"""Attributes with numbers, and many new ones at once, are named once for each day."""

from __future__ import annotations

from datetime import date
from typing import Any

from logboom.store import Document
from logboom.store.elastic.attribute_paths import (
    MANY,
    MOST_NUMBERS,
    MOST_TEXTS,
    AttributePaths,
    Kind,
)

ONE, OTHER = date(2026, 3, 14), date(2026, 3, 15)


def document(attributes: Any, day: date = ONE) -> Document:
    return Document.of("x", day, {"attributes": attributes})


def named(paths: AttributePaths, *documents: Document) -> dict[date, list[str]]:
    """Of numbers."""
    found = paths.unknown(documents)
    assert {kind for new in found.values() for kind in new.values()} <= {Kind.NUMBER}
    return {day: list(new) for day, new in found.items()}


def test_every_path_to_a_number_is_found_and_nothing_else() -> None:
    attributes = {
        "n": 1, "f": 1.5, "s": "12", "t": True, "none": None, "o": {"p": 2, "q": {"r": "x", "s": 3}},
        "l": ["a", 4], "lo": [{"x": "y"}, {"z": 5}], "ll": [[["b"], [6]]], "d.e": 7, " ": 8, "": 9,
        "empty": {}, "nothing": [],
    }  # fmt: skip
    found = named(AttributePaths(), document(attributes))
    assert found == {ONE: ["d.e", "f", "l", "ll", "lo.z", "n", "o.p", "o.q.s"]}


def test_a_path_is_named_once_for_each_day() -> None:
    paths = AttributePaths()
    assert named(paths, document({"n": 1}), document({"n": 2})) == {ONE: ["n"]}
    assert named(paths, document({"n": 1}), document({"n": 2}, OTHER)) == {OTHER: ["n"]}
    assert named(paths, document({"n": 1}), document({"m": 2})) == {ONE: ["m"]}
    paths.forget(ONE)
    assert named(paths, document({"n": 1}), document({"n": 2}, OTHER)) == {ONE: ["n"]}


def test_there_is_a_bound() -> None:
    paths = AttributePaths()
    named = 0
    for n in range(3 * MOST_NUMBERS):
        named += len(paths.unknown([document({f"n{n}": 1})]).get(ONE, ()))
    assert named == MOST_NUMBERS


def test_many_new_texts_are_named_together_and_few_are_not() -> None:
    paths = AttributePaths()
    assert paths.unknown([document({f"k{n}": "x"}) for n in range(MANY - 1)]) == {}
    many = [document({f"m{n}": "x", "n": 1}) for n in range(MANY)]
    found = dict(paths.unknown(many)[ONE])
    assert found.pop("n") is Kind.NUMBER
    assert set(found) == {f"m{n}" for n in range(MANY)}
    assert set(found.values()) == {Kind.TEXT}
    assert paths.unknown(many) == {}
    changed = [document({f"m{n}": n}) for n in range(MANY)]
    assert set(paths.unknown(changed)[ONE].values()) == {Kind.NUMBER}
    assert paths.unknown(many) == {}


def test_texts_are_bounded_and_odd_names_left_out() -> None:
    paths = AttributePaths()
    odd = dict.fromkeys(["", " ", "\t"], "x")
    found = paths.unknown([document({**odd, **{f"k{n}": "x" for n in range(2 * MOST_TEXTS)}})])
    assert len(found[ONE]) == MOST_TEXTS
    assert all(name.startswith("k") for name in found[ONE])


def test_names_with_dots_where_no_step_is_are_names_like_others() -> None:
    names = [".", "a.", ".a", "a..b", "..", "x. .y"]
    found = named(AttributePaths(), document(dict.fromkeys(names, 1) | {"d": {"": 2, ".": 3}}))
    assert set(found[ONE]) == {*names, "d.", "d.."}


def test_attributes_of_another_shape_are_passed_over() -> None:
    assert AttributePaths().unknown([document("x"), document(None), document([1])]) == {}
    assert AttributePaths().unknown([Document.of("x", ONE, {})]) == {}
