"""Tools of the system, as a user has them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest


@pytest.fixture
def run_tool() -> Callable[..., str]:
    """Runs a program and gives its standard output."""

    def run(name: str, *words: str) -> str:
        path = shutil.which(name)
        if path is None:
            pytest.skip(f"there is no {name} here")
        done = subprocess.run([path, *words], capture_output=True, text=True, check=True)
        return done.stdout

    return run
