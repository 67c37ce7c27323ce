"""The whole pipeline in both forms, on what goes well and on what does not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flow import Pipeline, settings_for, verify
from tests.polling import eventually
from tests.rates import await_rates
from tests.services.process import JvmService
from tests.writing import LogWriter, event

DOWN_EVENTS = 35_000
"""A second for each thousand: the service is down for 30 of them."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

JAVA = """2026-11-21 05:00:00,123 ERROR com.acme.Checkout - payment failed
java.lang.IllegalStateException: no basket
\tat com.acme.Checkout.pay(Checkout.java:17)
Caused by: java.io.IOException: closed
\t... 3 more
"""


def logboom(*arguments: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "logboom", *arguments], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return done


def test_a_java_exception_is_found_as_one_event_with_its_type_and_whole_trace(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    (tmp_path / "logs" / "java.log").write_text(JAVA)
    query = 'error.type:"java.lang.IllegalStateException"'
    eventually(lambda: pipeline.count(query) == 1, timeout_s=120, what="the exception is found")
    (found,) = pipeline.ask("search", q=query)["events"]
    assert found["message"].startswith("payment failed")
    assert found["error"]["stack_trace"] == JAVA.partition("\n")[2].rstrip("\n")
    assert found["error"]["detected_by"] == "level"
    assert found["log"]["level"] == "error"
    assert pipeline.ask(f"events/{found['_id']}") == found


def test_stopping_and_starting_loses_and_doubles_nothing(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    writer = LogWriter(tmp_path / "logs" / "app.log", count=10_000, per_second=2_000)
    writer.start()
    for moment in (2_000, 5_000):
        eventually(partial(writer.has_written, moment), timeout_s=120, what="the load goes on")
        assert pipeline.stop() == 0
        pipeline.start()
    writer.join()
    eventually(
        lambda: pipeline.count("service:shop-*") == 10_000, timeout_s=120, what="all are found"
    )
    assert verify(pipeline.sequence_ids("service:shop-*"), 10_000).green
    doctor = logboom("doctor", "--url", pipeline.url)
    assert (doctor.returncode, "ledger: green" in doctor.stdout) == (0, True)


def test_binary_and_undecodable_files_harm_nobody(pipeline: Pipeline, tmp_path: Path) -> None:
    (tmp_path / "logs" / "binary.log").write_bytes(b"\x7fELF\0\0\0" * 100)
    (tmp_path / "logs" / "latin.log").write_bytes(b"caf\xe9 is open\n")
    eventually(lambda: pipeline.count("open") == 1, timeout_s=120, what="the text is found")
    (found,) = pipeline.ask("search", q="open")["events"]
    assert found["message"] == "caf\\xe9 is open"
    assert "invalid_encoding" in found["tags"]

    def states() -> dict[str, str]:
        sources = pipeline.ask("sources")["sources"]
        return {Path(source["path"]).name: source["state"] for source in sources}

    eventually(lambda: states().get("binary.log") == "binary", timeout_s=120, what="it is said")


def test_kcat_reads_one_json_event_per_message(
    tmp_path: Path, unique: str, kafka: str, request: pytest.FixtureRequest
) -> None:
    if shutil.which("kcat") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("kcat is not installed")
        pytest.skip("kcat is not installed")
    running = Pipeline(tmp_path, settings_for("distributed", tmp_path, unique, request))
    running.start()
    LogWriter(tmp_path / "logs" / "app.log", count=300, per_second=100_000).start()
    eventually(lambda: running.count("service:shop-*") == 300, timeout_s=120, what="all are found")
    running.stop()
    done = subprocess.run(
        ["kcat", "-C", "-b", kafka, "-t", unique, "-o", "beginning", "-e", "-q"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    events = [json.loads(line) for line in done.stdout.splitlines()]
    numbers = [e["attributes"]["seq"] for e in events if e["service"]["name"].startswith("shop-")]
    assert sorted(numbers) == list(range(300))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("victim", ["kafka", "elasticsearch"])
def test_the_pipeline_waits_for_a_service_that_is_down_and_goes_on(
    victim: str, tmp_path: Path, unique: str, request: pytest.FixtureRequest
) -> None:
    service: JvmService = request.getfixturevalue(f"own_{victim}")
    settings = settings_for("embedded", tmp_path, unique, request)
    section: dict[str, Any] = {"request_timeout": "5s"}
    if victim == "kafka":
        section |= {"bootstrap": [service.address], "topic": unique, "status_topic": f"{unique}-s"}
        settings["broker"] = {"kafka": section}
    else:
        settings["store"] = {"elasticsearch": section | {"urls": [service.address]}}
        settings["processor"] = {"lease": "5s"}
        settings["index"] = f"{unique}-%Y.%m.%d"
    running = Pipeline(tmp_path, settings)
    try:
        running.start()
        writer = LogWriter(tmp_path / "logs" / "app.log", count=DOWN_EVENTS, per_second=1_000)
        writer.start()
        eventually(lambda: running.count("service:shop-*") > 500, timeout_s=120, what="it runs")
        service.kill()
        eventually(
            lambda: running.ask("health")["status"] != "ok",
            timeout_s=120,
            what="the health says so",
        )
        writer.join()
        service.start()
        running.await_count("service:shop-*", DOWN_EVENTS, timeout_s=240)
        assert verify(running.sequence_ids("service:shop-*"), DOWN_EVENTS).green
        await_rates(running, "now-1h/h")
    finally:
        running.stop()


@pytest.mark.skipif(os.getuid() != 0, reason="mounting a small file system needs root")
def test_a_full_disk_pauses_and_loses_nothing(
    tmp_path: Path, unique: str, request: pytest.FixtureRequest
) -> None:
    (tmp_path / "data").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(tmp_path / "data")]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a tmpfs cannot be mounted here")
    running = Pipeline(tmp_path, settings_for("embedded", tmp_path, unique, request))
    ballast = tmp_path / "data" / "ballast"
    try:
        running.start()
        (tmp_path / "logs" / "app.log").write_bytes(b"".join(event(n) for n in range(1_000)))
        eventually(lambda: running.count("service:shop-*") == 1_000, timeout_s=120, what="it runs")
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(1 << 16))
            except OSError:
                pass
        with (tmp_path / "logs" / "app.log").open("ab") as log:
            log.write(b"".join(event(n) for n in range(1_000, 6_000)))
        eventually(
            lambda: "room" in json.dumps(running.ask("health")),
            timeout_s=120,
            what="the health says so",
        )
        ballast.unlink()
        running.await_count("service:shop-*", 6_000, timeout_s=240)
        assert verify(running.sequence_ids("service:shop-*"), 6_000).green
    finally:
        running.stop()
        subprocess.run(["umount", "-l", str(tmp_path / "data")], check=False)


class TestMistakes:
    """Each gets one clear line, and no traceback."""

    def test_an_unknown_setting(self, tmp_path: Path) -> None:
        file = tmp_path / "logboom.yaml"
        file.write_text("retenton: 90d\n")
        done = logboom("check", "-c", str(file))
        assert (done.returncode, "did you mean retention?" in done.stderr) == (2, True)

    def test_a_port_in_use(self, tmp_path: Path) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            done = logboom("up", str(tmp_path), "--data", str(tmp_path / "d"), "--port", str(port))
        assert done.returncode == 1
        assert f"127.0.0.1:{port}" in done.stderr
        assert "--port" in done.stderr

    def test_a_wrong_address(self, tmp_path: Path) -> None:
        file = tmp_path / "logboom.yaml"
        content = {"store": "http://127.0.0.1:9", "data": str(tmp_path / "data")}
        file.write_text(yaml.safe_dump(content))
        done = logboom("check", "-c", str(file))
        assert (done.returncode, "127.0.0.1:9" in done.stderr) == (1, True)

    def test_no_pipeline_to_search_in(self) -> None:
        done = logboom("search", "x", "--url", "http://127.0.0.1:9")
        assert (done.returncode, "logboom up" in done.stderr) == (1, True)

    def test_two_pipelines_in_one_folder(self, tmp_path: Path) -> None:
        first = Pipeline(tmp_path, {"inputs": []})
        first.start()
        done = logboom("up", str(tmp_path), "--data", str(tmp_path / "data"), "--port", "7")
        first.stop()
        assert (done.returncode, "--data" in done.stderr or "--port" in done.stderr) == (1, True)
