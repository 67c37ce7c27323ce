"""Texts without a level: which of them tell of an error is held to a corpus of both kinds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from processor.outcries import error_sign

CORPUS = Path(__file__).parents[2] / "corpus"
MOST_FALSE_ALARMS = 0.01
MOST_MISSES = 0.02


def lines(name: str) -> list[str]:
    found = (CORPUS / name).read_text(encoding="utf-8").splitlines()
    assert len(found) >= 300
    assert len(set(found)) == len(found)
    return found


def test_benign_lines_are_hardly_ever_taken_for_errors() -> None:
    benign = lines("benign_lines.txt")
    alarms = [f"{sign}: {line}" for line in benign if (sign := error_sign(line))]
    print(f"false alarms: {len(alarms)} of {len(benign)}", *alarms, sep="\n")
    assert len(alarms) <= MOST_FALSE_ALARMS * len(benign)


def test_error_lines_are_hardly_ever_missed() -> None:
    errors = lines("error_lines.txt")
    missed = [line for line in errors if error_sign(line) is None]
    print(f"missed: {len(missed)} of {len(errors)}", *missed, sep="\n")
    assert len(missed) <= MOST_MISSES * len(errors)


@pytest.mark.parametrize(
    ("line", "sign"),
    [
        ("error: no such table", "text.outcry"),
        ("java.io.IOException: Broken pipe", "text.exception"),
        ("process exited with code 137", "text.crash"),
        ("job 12 failed", "text.failure"),
        ("deadlock detected", "text.trouble"),
    ],
)
def test_a_sign_that_is_off_is_not_looked_for(line: str, sign: str) -> None:
    assert error_sign(line) == sign
    assert error_sign(line, {sign}) != sign


def test_only_the_first_line_counts() -> None:
    assert error_sign("all is well\nerror: not looked at") is None
    assert error_sign("error: looked at\nall is well") == "text.outcry"


@pytest.mark.parametrize(
    "unit",
    ["error", "a.", "error ", "error_", "0connection to ", "A\\", "if the error ", "/a", "- 0", "x:",
     "$", "Exception", "no error-", "table ", "error is ", "q='", "Unhandled ", "fehler ",
     "[x]", "エラー", "a: ", "Fehler: [", "実行 失敗", "fehler-", "ошибка \u00e9"],
)  # fmt: skip
def test_no_text_takes_long(unit: str) -> None:
    begun = time.process_time()
    error_sign("err " + unit * (10_000 // len(unit)))
    assert time.process_time() - begun < 1, "a usual text takes less than a millisecond"
