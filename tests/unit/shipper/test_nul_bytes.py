"""NUL bytes in front of lines: what stands behind them is what it would be without them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logboom.config import FileInput
from shipper.framing import Framing, make_framing

SHAPE = [f"2026-11-21 06:24:2{n} INFO a - line {n}" for n in range(5)]
OBJECTS = [f'{{"time":"2026-11-21T06:24:2{n}Z","message":"m {n}"}}' for n in range(5)]
WORDS = [f"only words {n}" for n in range(5)]
COLOURED = [f"\x1b[2m2026-11-21 06:24:2{n}\x1b[0m INFO a" for n in range(5)]
SETTINGS: list[dict[str, object]] = [
    {},
    {"format": "plain"},
    {"format": "grok", "patterns": ["^only %{WORD}"]},
    {"format": "json"},
    {"encoding": "utf-16-le"},
    {"multiline": "none"},
    {"multiline": {"pattern": r"^\d{4}-|^only|^\{|^\x1b", "negate": True, "match": "after"}},
    {"multiline": {"pattern": r"^\s", "match": "after"}},
    {"multiline": {"type": "count", "count_lines": 1}},
]


def framing(settings: dict[str, object]) -> Framing:
    section = FileInput.model_validate({"path": "x", **settings})
    return make_framing(section, max_event_bytes=10_000)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("lines", [SHAPE, OBJECTS, WORDS, COLOURED])
@pytest.mark.parametrize("nulls", [1, 3, 4, 4095])
def test_a_line_behind_nul_bytes_is_an_entry_as_it_would_be_alone(
    settings: dict[str, object], lines: list[str], nulls: int
) -> None:
    hole = "\0" * nulls
    encoding = str(settings.get("encoding", "utf-8"))
    first, second, third, *more = lines
    plain = "".join(f"{line}\n" for line in lines).encode(encoding)
    holed = "\n".join([first, second, hole + third, *more, ""]).encode(encoding)
    expected = framing(settings).cut(plain, ended=True)
    found = framing(settings).cut(holed, ended=True)
    assert found.texts == expected.texts
    assert len(found.texts) == 5
    assert found.tags.pop(2) == ("nul_bytes",)
    assert found.tags == expected.tags
    assert found.starts[2] == len(f"{first}\n{second}\n".encode(encoding))
    again = framing(settings).cut_again(holed, zip(found.starts, found.ends, strict=True))
    assert again.texts == found.texts


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),
            st.sampled_from([*SHAPE, *OBJECTS, *WORDS, *COLOURED, "", "\tat a.b(C.java:1)", "  x"]),
        )
    ),
    st.sampled_from(SETTINGS),
)
def test_lines_belong_together_as_without_nul_bytes(
    lines: list[tuple[int, str]], settings: dict[str, object]
) -> None:
    encoding = str(settings.get("encoding", "utf-8"))
    holed = "".join("\0" * nulls + f"{line}\n" for nulls, line in lines).encode(encoding)
    plain = "".join(f"{line}\n" for _, line in lines).encode(encoding)
    expected = framing(settings).cut(plain, ended=True)
    found = framing(settings).cut(holed, ended=True)
    assert [text.replace("\0", "").rstrip("\n") for text in found.texts] == expected.texts
    assert (found.lines, found.empty_lines) == (expected.lines, expected.empty_lines)
    again = framing(settings).cut_again(holed, zip(found.starts, found.ends, strict=True))
    assert again.texts == found.texts
