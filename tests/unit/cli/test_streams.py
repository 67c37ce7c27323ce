"""Commands work where standard output is closed, or cannot show all characters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = 'café 결제 🚀 "x" \\ done'


def run(
    words: list[str], closed: str = "", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Runs `logboom` with some of its standard streams closed, as by `>&-`."""
    return subprocess.run(
        ["sh", "-c", f'exec "$0" -m logboom "$@" {closed}', sys.executable, *words],
        env={**os.environ, **environment}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_is_none_that_is_read(closed: str, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_text("INFO one\n")
    for words in (
        ["parse", str(path)],
        ["keys", "create", "one", "--data", str(tmp_path / "data")],
        ["keys", "list", "--data", str(tmp_path / "data")],
    ):
        done = run(words, closed)
        assert (done.returncode, done.stdout, b"Traceback" in done.stderr) == (0, b"", False), words
    assert path.read_text() == "INFO one\n"
    wrong = run(["parse", str(tmp_path / "nothing.log")], closed)
    assert wrong.returncode == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "euc-kr", "utf-8"])
def test_what_a_terminal_cannot_show_is_escaped_and_json_stays_json(
    encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "app.log"
    path.write_text(json.dumps({"level": "info", "msg": TEXT}) + "\n", encoding="utf-8")
    done = run(["parse", str(path)], PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode(encoding))["message"] == TEXT
