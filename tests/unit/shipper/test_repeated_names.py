"""A name that an object has twice is told: only its last value is kept."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipper.parsers.repeated_names import has_a_name_twice

NAMES = st.sampled_from(["a", "b", 'c"', "d\\", "e:", "é", ""])
VALUES = st.recursive(
    st.sampled_from([1, None, "x", '":', 'say "a": 1', "\\"]),
    lambda one: st.lists(one, max_size=2) | st.lists(st.tuples(NAMES, one), max_size=3).map(tuple),
    max_leaves=8,
)


def written(value: object, colon: str) -> str:
    """JSON in which tuples of pairs are objects, as they come."""
    if isinstance(value, tuple):
        pairs = (f"{json.dumps(name)}{colon}{written(one, colon)}" for name, one in value)
        return f"{{{','.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{','.join(written(one, colon) for one in value)}]"
    return json.dumps(value)


def repeats(value: object) -> bool:
    if isinstance(value, tuple):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(repeats(one) for _, one in value)
    return isinstance(value, list) and any(map(repeats, value))


@given(VALUES, st.sampled_from([":", ": ", " : "]))
def test_names_that_come_twice_are_found_at_any_depth(value: object, colon: str) -> None:
    text = written(value, colon)
    if "\\\\" not in text:  # a name that ends with a backslash may hide another one
        assert has_a_name_twice(text) == repeats(value)
    assert not has_a_name_twice(text) or repeats(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a":NaN,"a":1}', True),
        ('{"a":NaN,"b":1}', False),
        ('{"a":1,"a":', False),
        ("no json", False),
        ("[" * 5000, False),
        ('{"a":' * 2000 + "1" + "}" * 2000, False),
    ],
)
def test_texts_that_others_read_less_strictly(text: str, expected: bool) -> None:
    assert has_a_name_twice(text) is expected
