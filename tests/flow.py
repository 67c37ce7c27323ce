"""A pipeline under test: `logboom up` as a user starts it, and a verifier of sequence ids."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import psutil
import pytest
import yaml

from tests.polling import eventually
from tests.services.process import free_port

_START_S = 120.0


def settings_for(
    form: str, folder: Path, unique: str, request: pytest.FixtureRequest
) -> dict[str, Any]:
    """The configuration of a pipeline that follows `logs/*.log` of the folder, which it makes.

    Args:
        form: embedded or distributed; the latter uses the services that all tests share.
        folder: The test's own.
        unique: Names the topics and indices.
        request: Of the test.
    """
    (folder / "logs").mkdir()
    settings: dict[str, Any] = {"inputs": [{"path": str(folder / "logs" / "*.log")}]}
    if form == "distributed":
        kafka = {"bootstrap": [request.getfixturevalue("kafka")]}
        settings["broker"] = {"kafka": kafka | {"topic": unique, "status_topic": f"{unique}-s"}}
        settings["store"] = request.getfixturevalue("elasticsearch")
        settings["index"] = f"{unique}-%Y.%m.%d"
        settings["processor"] = {"lease": "5s"}
    return settings


@dataclass
class Pipeline:
    """`logboom up` in a process group of its own.

    Attributes:
        folder: Has the configuration, the data and the log files.
        settings: The configuration; `data` and `api` are added.
    """

    folder: Path
    settings: dict[str, Any]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it and waits until its API answers."""
        config = self.folder / "logboom.yaml"
        content = {
            **self.settings,
            "data": str(self.folder / "data"),
            "api": {"listen": f"127.0.0.1:{self.port}"},
        }
        config.write_text(yaml.safe_dump(content))
        with (self.folder / "up.out").open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "logboom", "up", "-c", str(config)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                env={**os.environ, "PYTHONWARNINGS": "default"},
            )
        eventually(self._alive, timeout_s=_START_S, what="the API answers")

    def _alive(self) -> bool:
        assert self.process is not None
        if self.process.poll() is not None:
            raise AssertionError(f"logboom up ended: {self.said()}")
        try:
            with urlopen(f"{self.url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False

    def said(self) -> str:
        """What it printed, and the ends of its logs."""
        logs = sorted((self.folder / "data" / "logs").glob("*.log"))
        texts = [(self.folder / "up.out").read_text()[-2000:]]
        return "\n".join([*texts, *(f"{p.name}:\n{p.read_text()[-1500:]}" for p in logs)])

    def stop(self) -> int:
        """Stops it as Ctrl-C does; gives the exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGINT)
        status = self.process.wait(120)
        self.process = None
        return status

    def children(self) -> dict[str, psutil.Process]:
        """The services' processes by name: api, process, ship."""
        assert self.process is not None
        found: dict[str, psutil.Process] = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                found[child.cmdline()[-1]] = child
            except (psutil.NoSuchProcess, psutil.ZombieProcess, IndexError):
                continue
        return found

    def kill(self, service: str) -> None:
        """Pulls the plug on one service, and waits until nothing of it is left: not its ports either."""
        child = eventually(
            lambda: self.children().get(service), timeout_s=60, what=f"{service} runs"
        )
        child.kill()
        child.wait(60)

    def ask(self, route: str, **parameters: Any) -> dict[str, Any]:
        """Asks the API."""
        renamed = {name.rstrip("_"): value for name, value in parameters.items()}
        with urlopen(f"{self.url}/api/v1/{route}?{urlencode(renamed)}", timeout=60) as answer:
            content: dict[str, Any] = json.load(answer)
            return content

    def doctor(self, *, wait_s: float) -> int:
        """The exit status of `logboom doctor`; `wait_s` is for what is still on its way."""
        command = [sys.executable, "-m", "logboom", "doctor", "--url", self.url]
        done = subprocess.run(
            [*command, "--wait", str(wait_s)], capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        return done.returncode

    def count(self, query: str) -> int:
        """Matches of a query; 0 while the API is not there."""
        try:
            return int(self.ask("count", q=query)["count"])
        except (URLError, OSError):
            return 0

    def await_count(self, query: str, count: int, *, timeout_s: float = 120) -> None:
        """Waits until a query finds this many events, or more.

        Raises:
            AssertionError: It does not; with what the pipeline said.
        """
        try:
            eventually(
                lambda: self.count(query) >= count,
                timeout_s=timeout_s, what=f"{count} events are found by {query}",
            )  # fmt: skip
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.said()}") from error

    def sequence_ids(self, query: str) -> Counter[int]:
        """How often each `seq` of the events that match is found, by paging through all of them."""
        found: Counter[int] = Counter()
        cursor: str | None = None
        while True:
            more = {} if cursor is None else {"cursor": cursor}
            page = self.ask("search", q=query, limit=10_000, sort="asc", fields="seq", **more)
            found.update(event["attributes"]["seq"] for event in page["events"])
            cursor = page["cursor"]
            if cursor is None:
                return found


@dataclass(frozen=True)
class Verdict:
    """What became of the sequence ids 0 … expected-1."""

    lost: list[int]
    doubled: list[int]
    strange: list[int]

    @property
    def green(self) -> bool:
        return not (self.lost or self.doubled or self.strange)

    def __str__(self) -> str:
        return (
            f"{len(self.lost)} lost {self.lost[:5]}, {len(self.doubled)} doubled"
            f" {self.doubled[:5]}, {len(self.strange)} strange {self.strange[:5]}"
        )


def verify(found: Counter[int], expected: int) -> Verdict:
    """Judges which sequence ids are missing, doubled, or were never written."""
    wanted = range(expected)
    return Verdict(
        lost=[n for n in wanted if n not in found],
        doubled=sorted(n for n, count in found.items() if count > 1),
        strange=sorted(n for n in found if n not in wanted),
    )
