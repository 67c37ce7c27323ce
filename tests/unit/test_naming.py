"""How names of fields are written outside of queries."""

from __future__ import annotations

import pytest

from logboom.naming import names_in, plain_name


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("level, service,,", ["level", "service"]),
        (r"my\ key,b", ["my key", "b"]),
        ("my key", ["my key"]),
        (r"a\,b , c", ["a,b", "c"]),
        (r" \ x\ , y", [" x ", "y"]),
        (r"a\b,C:\Users", [r"a\b", r"C:\Users"]),
        (r"a\\b", [r"a\b"]),
        ("a\\\\ , b\\", ["a\\", "b\\"]),
        ("", []),
    ],
)
def test_a_backslash_takes_away_the_meaning_of_a_sign(text: str, names: list[str]) -> None:
    assert [plain_name(name) for name in names_in(text)] == names
