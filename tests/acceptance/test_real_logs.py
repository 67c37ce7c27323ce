"""The logs that the test services write themselves, with their multi-line Java stack traces."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.flow import Pipeline
from tests.polling import eventually
from tests.services.process import JvmService

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def test_a_provoked_exception_is_found_as_one_event(
    own_kafka: JvmService, own_elasticsearch: JvmService, tmp_path: Path, unique: str
) -> None:
    elasticsearch = own_elasticsearch
    logs = [str(own_kafka.log_path), str(elasticsearch.folder / "logs" / "elasticsearch.log")]
    kafka = {"bootstrap": [own_kafka.address], "topic": unique, "status_topic": f"{unique}-s"}
    running = Pipeline(
        tmp_path,
        {
            "inputs": [{"path": path, "service": name} for path, name in zip(logs, ("kafka", "es"), strict=True)],
            "broker": {"kafka": kafka},
            "store": elasticsearch.address,
            "index": f"{unique}-%Y.%m.%d",
        },
    )  # fmt: skip
    running.start()
    try:
        forbidden = {"type": "fs", "settings": {"location": "/forbidden"}}
        answer = httpx.put(f"{elasticsearch.address}/_snapshot/bad", json=forbidden, timeout=120)
        assert answer.status_code == 500
        query = 'service:es AND error.type:*RepositoryException AND error.stack_trace:"Caused by"'
        eventually(lambda: running.count(query) >= 1, timeout_s=240, what=running.said())
        found = running.ask("search", q=query, limit=1)["events"][0]
        trace = found["error"]["stack_trace"]
        whole = Path(logs[1]).read_text(encoding="utf-8")
        assert trace in whole
        assert "Caused by: " in trace
        assert trace.count("\n\tat ") > 20
        assert not whole[whole.index(trace) + len(trace) :].startswith("\n\t")
        assert found["log"]["logger"]
        assert running.count("service:kafka AND _exists_:log.level") > 10
    finally:
        running.stop()
