"""`logboom up` says what keeps it from starting."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from tests.unit.small_disk import mounted


def test_a_disk_that_is_full_already_is_told_with_its_place(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", mebibytes=1) as disk:
        with suppress(OSError), (disk / "ballast").open("wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(65_536))
        done = subprocess.run(
            [sys.executable, "-m", "logboom", "up", str(tmp_path), "--data", str(disk / "data")],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        f"logboom: {disk / 'data'}: there is no room to begin in"
        " (free some space, or choose another folder with --data)"
    )
