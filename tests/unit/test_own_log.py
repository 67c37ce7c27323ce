"""logboom's own log: a disk without room is told in one line, and no traceback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from logboom.logs import configure_logging


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def test_an_event_has_ecs_names(tmp_path: Path) -> None:
    configure_logging("ship", "info", tmp_path / "ship.log")
    logging.getLogger("logboom.test").warning("hello %s", "there")
    event = orjson.loads((tmp_path / "ship.log").read_bytes())
    assert event["message"] == "hello there"
    assert (event["log.level"], event["service.name"]) == ("warn", "logboom-ship")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_once_and_without_a_traceback(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ship.log").symlink_to("/dev/full")
    configure_logging("ship", "info", tmp_path / "ship.log")
    for number in range(5):
        logging.getLogger("logboom.test").warning("event %d", number)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("\n") == 1
    assert "cannot be written: [Errno 28]" in said


def test_what_a_client_tells_of_each_try_is_not_in_our_log(tmp_path: Path) -> None:
    configure_logging("api", "debug", tmp_path / "api.log")
    for name in ("aiokafka.conn", "aiokafka.cluster", "apprise"):
        logging.getLogger(name).warning("Node has failed for 64 times in a row")
    assert (tmp_path / "api.log").read_text() == ""
