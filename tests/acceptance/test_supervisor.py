"""`logboom up` is killed: its services end in order, and the next one goes on."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.flow import Pipeline, settings_for
from tests.polling import eventually
from tests.services.ended import runs
from tests.services.process import free_port


def test_a_killed_supervisor_leaves_no_service_even_when_they_have_just_begun(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    pipeline = Pipeline(tmp_path, settings_for("embedded", tmp_path, "killed", request))
    pipeline.start()
    assert pipeline.process is not None
    before = list(pipeline.children().values())
    processor = pipeline.children()["process"]
    processor.kill()
    eventually(
        lambda: pipeline.children().get("process", processor).pid != processor.pid,
        timeout_s=60, what="another processor begins",
    )  # fmt: skip
    services = [*before, *pipeline.children().values()]
    pipeline.process.send_signal(signal.SIGKILL)
    pipeline.process.wait()
    (tmp_path / "logs" / "app.log").write_text("2026-11-21T22:00:00Z ERROR one - found again\n")
    pipeline.port = free_port()
    pipeline.start()
    try:
        assert not any(map(runs, services)), "it has waited for them"
        pipeline.await_count('"found again"', 1)
    finally:
        assert pipeline.stop() == 0
