"""Standard input through the whole pipeline: joined like the lines of a file, and kept until acknowledged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.flow import Pipeline, verify
from tests.polling import eventually

_EVENTS = 3000


def test_standard_input_is_read_to_its_end_and_not_kept_longer(tmp_path: Path) -> None:
    pipeline = Pipeline(tmp_path, {})
    spool = tmp_path / "data" / "shipper" / "spool" / "stdin"
    with (tmp_path / "up.out").open("wb") as out:
        pipeline.process = subprocess.Popen(
            [sys.executable, "-m", "logboom", "up", "-", "--data", str(tmp_path / "data"),
             "--port", str(pipeline.port)],
            stdin=subprocess.PIPE, stdout=out, stderr=out, start_new_session=True,
        )  # fmt: skip
    process = pipeline.process
    try:
        assert process.stdin is not None
        with process.stdin as standard_input:
            for number in range(_EVENTS):
                standard_input.write(b'{"seq": %d, "message": "spoken"}\n' % number)
            standard_input.write(b"java.lang.IllegalStateException: broken\n\tat a.B.c(B.java:1)\n")
            standard_input.flush()
            pipeline.await_count("spoken", _EVENTS, timeout_s=240)
            assert [path.stat().st_mode & 0o777 for path in spool.iterdir()] == [0o600]
            standard_input.write(b"the last line has no end")
        pipeline.await_count('"no end"', 1, timeout_s=120)
        verdict = verify(pipeline.sequence_ids("spoken"), _EVENTS)
        assert verdict.green, verdict
        (event,) = pipeline.ask("search", q="IllegalStateException")["events"]
        assert event["error"]["stack_trace"].count("\n") == 1
        assert event["service"]["name"] == "stdin"
        assert "file" not in event["log"]
        assert pipeline.doctor(wait_s=30) == 0
    finally:
        assert pipeline.stop() == 0
    eventually(lambda: not list(spool.iterdir()), timeout_s=120, what="the spool is empty")
