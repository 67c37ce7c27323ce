"""Where tests get their services from: the environment, else Docker, else processes of their own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import NoReturn

import pytest

from tests.services.containers import elasticsearch_container, engine_answers, kafka_container
from tests.services.downloads import elasticsearch_home, elasticsearch_version, kafka_jars
from tests.services.elasticsearch import start_elasticsearch
from tests.services.errors import ServiceMissing
from tests.services.kafka import start_kafka
from tests.services.process import JvmService

KAFKA = "LOGBOOM_TEST_KAFKA"
ELASTICSEARCH = "LOGBOOM_TEST_ELASTICSEARCH"


def missing(error: ServiceMissing) -> NoReturn:
    """Skips the test, or fails it where every service must be there (`CI=true`)."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"with CI=true every service must be there: {error}")
    pytest.skip(str(error))


def a_kafka() -> AbstractContextManager[str]:
    """A Kafka for everybody; gives its address.

    Raises:
        ServiceMissing: On entering, when there is no source.
        ServiceFailed: On entering, when it does not start.
    """
    return _from(KAFKA, kafka_container, start_kafka)


def an_elasticsearch() -> AbstractContextManager[str]:
    """An Elasticsearch for everybody; gives its URL. Raises as `a_kafka` does."""
    version = elasticsearch_version()
    return _from(
        ELASTICSEARCH,
        lambda: elasticsearch_container(version),
        lambda: start_elasticsearch(version),
    )


def fetch() -> None:
    """Fetches now what the tests would otherwise fetch when they first need it.

    Raises:
        ServiceMissing: When something is needed and cannot be had.
    """
    if not engine_answers():
        kafka_jars()
        elasticsearch_home(elasticsearch_version())


def one_of_our_own(start: Callable[[], JvmService]) -> Iterator[JvmService]:
    """For fixtures: a service that the tests may kill and hurt, removed at the end."""
    try:
        service = start()
    except ServiceMissing as error:
        missing(error)
    yield service
    service.remove()


@contextlib.contextmanager
def _from(
    variable: str,
    container: Callable[[], AbstractContextManager[str]],
    process: Callable[[], JvmService],
) -> Iterator[str]:
    given = os.environ.get(variable)
    if given:
        yield given
    elif engine_answers():
        with container() as address:
            yield address
    else:
        service = process()
        try:
            yield service.address
        finally:
            service.remove()
