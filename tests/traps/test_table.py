"""Each trap of the table has a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROWS = [
    line.strip("| ").split(" | ", 1)
    for line in (HERE / "README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| trap ")
]


@pytest.mark.parametrize(("trap", "tests"), ROWS, ids=[trap for trap, _ in ROWS])
def test_the_trap_has_a_test(trap: str, tests: str) -> None:
    named = re.findall(r"`((?:\.\./|test_|…)[^`]*)`", tests)
    assert named, trap
    path = HERE
    for name in named:
        file, _, test = name.partition("::")
        path = path if file == "…" else HERE / file
        assert path.exists(), name
        if test:
            assert f"def {test}(" in path.read_text(encoding="utf-8"), name
