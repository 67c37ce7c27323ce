"""A real Prometheus scrapes every service, finds no fault, and fires the rule for failed requests."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from logboom.clock import SystemClock, utc_text
from tests.flow import Pipeline, settings_for
from tests.polling import eventually
from tests.services.process import free_port

RULES = Path(__file__).parents[2] / "mappings" / "prometheus" / "logboom.yml"
SEEN_WITHIN_S = 240.0


@pytest.fixture
def programs() -> tuple[str, str]:
    """Prometheus and promtool, of Debian's package."""
    found = [shutil.which(name) for name in ("prometheus", "promtool")]
    if None in found:
        if os.environ.get("CI") == "true":
            pytest.fail("prometheus is not installed: scripts/install-debian-packages does it")
        pytest.skip("prometheus is not installed")
    prometheus, promtool = (str(path) for path in found)
    return prometheus, promtool


@pytest.fixture
def pipeline(tmp_path: Path, unique: str, request: pytest.FixtureRequest) -> Iterator[Pipeline]:
    settings = settings_for("embedded", tmp_path, unique, request)
    for service in ("processor", "shipper"):
        settings[service] = {"metrics": f"127.0.0.1:{free_port()}"}
    running = Pipeline(tmp_path, settings)
    running.start()
    yield running
    running.stop()


class FailingShop:
    """A web shop that answers every tenth request with 503, twenty requests a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def _write(self) -> None:
        clock, number = SystemClock(), 0
        with self._path.open("a", buffering=1) as file:
            while not self._stop.wait(0.05):
                event = {
                    "timestamp": utc_text(clock.now_ns()), "level": "INFO", "service": "shop",
                    "message": f"request {number}", "event.duration": 20_000_000,
                    "http.response.status_code": 503 if number % 10 == 0 else 200,
                }  # fmt: skip
                file.write(json.dumps(event) + "\n")
                number += 1

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def shop(pipeline: Pipeline) -> Iterator[FailingShop]:
    writing = FailingShop(pipeline.folder / "logs" / "shop.log")
    yield writing
    writing.stop()


@pytest.fixture
def prometheus(pipeline: Pipeline, programs: tuple[str, str], tmp_path: Path) -> Iterator[str]:
    """The URL of a Prometheus that scrapes the API."""
    address = f"127.0.0.1:{free_port()}"
    config = tmp_path / "prometheus.yml"
    config.write_text(yaml.safe_dump({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{
            "job_name": "logboom", "honor_labels": True,
            "static_configs": [{"targets": [f"127.0.0.1:{pipeline.port}"]}],
        }],
    }))  # fmt: skip
    with (tmp_path / "prometheus.out").open("wb") as out:
        process = subprocess.Popen(
            [programs[0], f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
             f"--web.listen-address={address}"],
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
    yield f"http://{address}"
    process.terminate()
    process.wait(30)


def ask(url: str, route: str, **parameters: str) -> Any:
    try:
        with urlopen(f"{url}/api/v1/{route}?{urlencode(parameters)}", timeout=10) as answer:
            return json.load(answer)["data"]
    except (URLError, OSError):
        return {}


@pytest.mark.timeout(900)
def test_failed_requests_fire_the_rule(
    pipeline: Pipeline, shop: FailingShop, prometheus: str, programs: tuple[str, str]
) -> None:
    def firing() -> list[str]:
        alerts = ask(prometheus, "alerts").get("alerts", [])
        return [
            one["labels"]["service_name"]
            for one in alerts
            if one["state"] == "firing" and one["labels"]["alertname"] == "ServerErrors"
        ]

    eventually(lambda: "shop" in firing(), timeout_s=SEEN_WITHIN_S, what="ServerErrors fires")
    rates = ask(prometheus, "query", query='logboom:log_errors:ratio5m{service_name="shop"}')
    assert 0.05 < float(rates["result"][0]["value"][1]) < 0.2
    targets = ask(prometheus, "targets")["activeTargets"]
    assert [(one["health"], one["lastError"]) for one in targets] == [("up", "")]
    for port in (
        pipeline.port,
        *(pipeline.settings[one]["metrics"].rpartition(":")[2] for one in ("processor", "shipper")),
    ):
        with urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            page = answer.read()
        checked = subprocess.run(
            [programs[1], "check", "metrics"], input=page, capture_output=True, check=False
        )
        assert (checked.returncode, checked.stdout + checked.stderr) == (0, b"")
