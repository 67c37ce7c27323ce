"""A Prometheus Alertmanager of Debian's package, for the time of a test."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.polling import eventually
from tests.services.process import free_port

_STARTED_WITHIN_S = 60.0
_CONFIG = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"


@contextmanager
def running_alertmanager(folder: Path) -> Iterator[str]:
    """Gives its address; without the package the test is skipped, and in CI it fails."""
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    if program is None:
        if os.environ.get("CI") == "true":
            pytest.fail("alertmanager is not installed: scripts/install-debian-packages does it")
        pytest.skip("prometheus-alertmanager is not installed")
    config, address = folder / "alertmanager.yml", f"127.0.0.1:{free_port()}"
    config.write_text(_CONFIG)
    with (folder / "alertmanager.out").open("wb") as out:
        process = subprocess.Popen(
            [program, f"--config.file={config}", f"--storage.path={folder / 'alertmanager'}",
             f"--web.listen-address={address}", "--cluster.listen-address="],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    url = f"http://{address}"
    try:
        eventually(lambda: _is_ready(url), timeout_s=_STARTED_WITHIN_S, what="it is ready")
        yield url
    finally:
        process.terminate()
        process.wait(30)


def alerts_of(url: str) -> list[dict[str, Any]]:
    """The alerts that it has."""
    with urlopen(f"{url}/api/v2/alerts", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)
        return found


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/-/ready", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False
