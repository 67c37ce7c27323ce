"""Levels as people and loggers write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.levels import LEVEL_NAMES, level_of

LEVELS = {"trace", "debug", "info", "warn", "error", "fatal", None}


@pytest.mark.parametrize(
    ("value", "level"),
    [
        ("WARNING", "warn"), (" err ", "error"), ("50", "error"), (30, "info"),
        ("¹", None), ("3²", None), ("٣٠", None), ("35", None), (True, None), (None, None),
    ],
)  # fmt: skip
def test_what_is_meant(value: object, level: str | None) -> None:
    assert level_of(value) == level


def test_every_spelling_is_of_a_level() -> None:
    assert all(level_of(name) in LEVELS - {None} for name in LEVEL_NAMES)


@given(st.one_of(st.text(max_size=4), st.integers(), st.floats(), st.none()))
def test_nothing_is_a_fault(value: object) -> None:
    assert level_of(value) in LEVELS
