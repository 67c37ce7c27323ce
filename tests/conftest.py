"""Fixtures that many tests share: real services, unique names; and no network beyond loopback."""

from __future__ import annotations

import ipaddress
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from shipper.events.faults import Faults
from tests.services.elasticsearch import start_elasticsearch
from tests.services.errors import ServiceMissing
from tests.services.kafka import start_kafka
from tests.services.process import JvmService
from tests.services.sources import (
    ELASTICSEARCH,
    KAFKA,
    a_kafka,
    an_elasticsearch,
    missing,
    one_of_our_own,
)

settings.register_profile(
    "ci", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("here", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") else "here")

_SERVICES = {
    "kafka": ("kafka",),
    "own_kafka": ("kafka",),
    "elasticsearch": ("elasticsearch",),
    "own_elasticsearch": ("elasticsearch",),
    "start_own_elasticsearch": ("elasticsearch",),
    "distributed": ("kafka", "elasticsearch"),
}
"""What a fixture, or a parameter, of this name needs."""


@pytest.fixture
def faults_are_expected() -> None:
    """A test that asks for it has faults met as users have them."""


@pytest.fixture(autouse=True)
def _no_fault_is_hidden(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shipper would make a plain event of fails the test."""

    def fail(_faults: Faults, error: Exception) -> str:
        raise error

    if "faults_are_expected" not in request.fixturenames:
        monkeypatch.setattr(Faults, "met", fail)


def pytest_configure() -> None:
    """Refuses connections to other machines, unless the services under test are on one."""
    if not any(os.environ.get(name) for name in (KAFKA, ELASTICSEARCH, "DOCKER_HOST")):
        sys.addaudithook(_refuse_other_machines)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses a service, by fixture or by parameter, is marked with its name."""
    for item in items:
        parameters = getattr(getattr(item, "callspec", None), "params", {}).values()
        names = {*getattr(item, "fixturenames", ()), *(p for p in parameters if isinstance(p, str))}
        for name in names & _SERVICES.keys():
            for mark in _SERVICES[name]:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def kafka() -> Iterator[str]:
    """The address of a real Kafka that all tests share: HOST:PORT."""
    yield from _shared(a_kafka())


@pytest.fixture(scope="session")
def elasticsearch() -> Iterator[str]:
    """The URL of a real Elasticsearch that all tests share."""
    yield from _shared(an_elasticsearch())


@pytest.fixture(scope="session")
def own_kafka() -> Iterator[JvmService]:
    """A Kafka that tests may kill; whoever does starts it again."""
    yield from one_of_our_own(start_kafka)


@pytest.fixture(scope="session")
def own_elasticsearch() -> Iterator[JvmService]:
    """An Elasticsearch that tests may kill, and whose folder is known; whoever does starts it again."""
    yield from one_of_our_own(start_elasticsearch)


@pytest.fixture
def unique() -> str:
    """A name that no other test uses: for topics, groups and indices."""
    return f"t{uuid.uuid4().hex[:12]}"


def _shared(source: AbstractContextManager[str]) -> Iterator[str]:
    with ExitStack() as stack:
        try:
            address = stack.enter_context(source)
        except ServiceMissing as error:
            missing(error)
        yield address


def _refuse_other_machines(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
            raise AssertionError(f"tests talk to loopback only, not to {host}")
