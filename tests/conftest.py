"""Fixtures that many tests share: real services, unique names."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.services.jvm import (
    ELASTICSEARCH_VERSION,
    ServiceMissing,
    start_elasticsearch,
    start_kafka,
)

settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "here")

_FIXTURE_MARKS = ("kafka", "elasticsearch")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a service is marked with its name."""
    for item in items:
        names = getattr(item, "fixturenames", ())
        for name in _FIXTURE_MARKS:
            if name in names:
                item.add_marker(name)


def _missing(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"with CI=true every service must be there: {why}")
    pytest.skip(why)


def _docker_answers() -> bool:
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The address of a real Kafka: from the environment, from Docker, or a JVM process."""
    given = os.environ.get("LOGBOOM_TEST_KAFKA")
    if given:
        yield given
        return
    if _docker_answers():
        from testcontainers.kafka import KafkaContainer

        with KafkaContainer().with_kraft() as container:
            yield container.get_bootstrap_server()
        return
    try:
        service = start_kafka()
    except ServiceMissing as error:
        _missing(str(error))
        return
    yield service.address
    service.remove()


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[str]:
    """The URL of a real Elasticsearch: from the environment, from Docker, or a JVM process."""
    given = os.environ.get("LOGBOOM_TEST_ELASTICSEARCH")
    version = os.environ.get("LOGBOOM_TEST_ELASTICSEARCH_VERSION", ELASTICSEARCH_VERSION)
    if given:
        yield given
        return
    if _docker_answers():
        from testcontainers.elasticsearch import ElasticSearchContainer

        with ElasticSearchContainer(f"elasticsearch:{version}", mem_limit="2G") as container:
            yield container.get_url()
        return
    try:
        service = start_elasticsearch(version)
    except ServiceMissing as error:
        _missing(str(error))
        return
    yield service.address
    service.remove()


@pytest.fixture
def unique() -> str:
    """A name that no other test uses: for topics, groups and indices."""
    return f"t{uuid.uuid4().hex[:12]}"
