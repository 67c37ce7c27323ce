"""Many messages come down to few patterns, and what is said differently stays apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.patterns import MOST_MESSAGES, Pattern, patterns_of

NAMES = ["ada", "bob", "cleo", "dan", "eve", "finn"]


def test_values_make_one_pattern() -> None:
    messages = [f"cart {n} loaded in {n * 3} ms" for n in range(50)] + ["ready"] * 3
    assert patterns_of(messages) == [
        Pattern("cart <number> loaded in <number> ms", 50, 0),
        Pattern("ready", 3, 50),
    ]


def test_a_word_of_many_kinds_is_a_variable() -> None:
    messages = [f"user {name} bought {n} cups" for n, name in enumerate(NAMES)]
    assert patterns_of(messages) == [Pattern("user <*> bought <number> cups", 6, 0)]


def test_two_of_them_are_found_where_they_are_mixed() -> None:
    messages = [f"user {name} left for {other}" for name in NAMES for other in NAMES]
    assert patterns_of(messages) == [Pattern("user <*> left for <*>", 36, 0)]


def test_what_merely_looks_alike_stays_apart() -> None:
    messages = ["cannot load cart 1", "cannot save cart 2", "cannot load user 3"] * 4
    assert [pattern.count for pattern in patterns_of(messages)] == [4, 4, 4]
    assert len(patterns_of(NAMES)) == len(NAMES), "single words have nothing in common"


def test_only_the_first_line_counts() -> None:
    assert patterns_of(["a\nb", "a\nc"]) == [Pattern("a", 2, 0)]


def test_long_messages_are_compared_by_their_begin() -> None:
    (pattern,) = patterns_of(["x y " * 100 + "a", "x y " * 100 + "b"])
    assert pattern.count == 2
    assert pattern.text.endswith("…")


def test_there_is_an_end() -> None:
    with pytest.raises(ValueError, match="too many"):
        patterns_of([""] * (MOST_MESSAGES + 1))
    assert patterns_of([]) == []


@given(st.lists(st.text(st.sampled_from("ab1 /'"), max_size=12), max_size=40))
def test_every_message_is_counted_once(messages: list[str]) -> None:
    found = patterns_of(messages)
    assert sum(pattern.count for pattern in found) == len(messages)
    assert len({pattern.text for pattern in found}) == len(found)
    assert all(0 <= pattern.example < len(messages) for pattern in found)
