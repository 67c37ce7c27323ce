"""The logs that the test services write themselves, with their multi-line Java stack traces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.flow import Pipeline
from tests.polling import eventually
from tests.services.elasticsearch import start_elasticsearch
from tests.services.errors import ServiceMissing
from tests.services.kafka import start_kafka
from tests.services.process import JvmService

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.elasticsearch,
    pytest.mark.slow,
    pytest.mark.timeout(300),
]


@pytest.fixture
def services() -> Iterator[tuple[JvmService, JvmService]]:
    started: list[JvmService] = []
    try:
        started += [start_kafka(), start_elasticsearch()]
    except ServiceMissing as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield started[0], started[1]
    for service in started:
        service.remove()


def test_a_provoked_exception_is_found_as_one_event(
    services: tuple[JvmService, JvmService], tmp_path: Path
) -> None:
    kafka, elasticsearch = services
    logs = [str(kafka.log_path), str(elasticsearch.folder / "logs" / "elasticsearch.log")]
    running = Pipeline(
        tmp_path,
        {
            "inputs": [{"path": path, "service": name} for path, name in zip(logs, ("kafka", "es"), strict=True)],
            "broker": {"kafka": {"bootstrap": [kafka.address]}},
            "store": elasticsearch.address,
        },
    )  # fmt: skip
    running.start()
    try:
        forbidden = {"type": "fs", "settings": {"location": "/forbidden"}}
        answer = httpx.put(f"{elasticsearch.address}/_snapshot/bad", json=forbidden, timeout=30)
        assert answer.status_code == 500
        query = "service:es AND error.type:*RepositoryException AND _exists_:error.stack_trace"
        eventually(lambda: running.count(query) >= 1, timeout_s=60, what=running.said())
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
