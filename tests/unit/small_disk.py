"""A file system that is soon full."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(mount: Path, mebibytes: int, *, files: int = 10_000) -> Iterator[Path]:
    """Mounts a file system of so many MiB and files; the test is skipped where that may not be."""
    mount.mkdir()
    command = [
        "mount",
        "-t",
        "tmpfs",
        "-o",
        f"size={mebibytes}m,nr_inodes={files}",
        "tmpfs",
        str(mount),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        pytest.skip(f"cannot mount a small disk: {error}")
    if done.returncode:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    try:
        yield mount
    finally:
        subprocess.run(["umount", "-l", str(mount)], check=True)
