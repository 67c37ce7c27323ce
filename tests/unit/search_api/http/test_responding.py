"""JSON can be written of whatever is in events, and anybody can read it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from search_api.http.problems import problem
from search_api.http.responding import json_of

HALF = "half \ud83d"
"""Half of a character, which UTF-8 cannot hold."""


def strictly(text: bytes) -> Any:
    """JSON as those read it who know no NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


@pytest.mark.parametrize("other", ["usual", HALF, 2**70], ids=["usual", "half", "long"])
def test_what_is_no_number_is_null(other: object) -> None:
    content = {"other": other, "list": [float("nan"), {"a": float("inf"), "b": -float("inf")}, 1.5]}
    found = strictly(json_of(content))
    assert found == {"other": other, "list": [None, {"a": None, "b": None}, 1.5]}


@pytest.mark.parametrize("other", ["usual", HALF, 2**70], ids=["usual", "half", "long"])
def test_parts_that_are_json_already_are_written(other: object) -> None:
    content = {"events": [orjson.Fragment(b'{"a":[1,"\\ud83d"]}')], "other": other}
    assert strictly(json_of(content)) == {"events": [{"a": [1, HALF[-1]]}], "other": other}


def test_what_is_no_json_is_a_bug() -> None:
    with pytest.raises(TypeError):
        json_of({"other": HALF, "a": object()})


def test_problems_can_name_whatever_was_asked() -> None:
    body = bytes(problem(400, HALF, suggestion=float("nan")).body)
    assert strictly(body)["detail"] == HALF
    assert strictly(body)["suggestion"] is None
