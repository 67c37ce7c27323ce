"""A Kafka and an Elasticsearch in containers of this machine's Docker engine."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator, Mapping

from testcontainers.core.container import DockerContainer

from tests.polling import eventually
from tests.services.downloads import KAFKA_VERSION
from tests.services.elasticsearch import elasticsearch_answers
from tests.services.errors import ServiceFailed
from tests.services.kafka import kafka_answers
from tests.services.process import free_port, telling

_ASK_S = 10
_READY_S = 180


def engine_answers() -> bool:
    """Whether a Docker engine is there."""
    try:
        done = subprocess.run(["docker", "info"], capture_output=True, timeout=_ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


@contextlib.contextmanager
def kafka_container() -> Iterator[str]:
    """A Kafka of one node, its address."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    environment = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{address}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_NUM_PARTITIONS": "4",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
    }
    container = _container(f"apache/kafka:{KAFKA_VERSION}", 9092, port, environment)
    with _running(container, lambda: kafka_answers(address)):
        yield address


@contextlib.contextmanager
def elasticsearch_container(version: str) -> Iterator[str]:
    """An Elasticsearch of one node, its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {
        "discovery.type": "single-node",
        "xpack.security.enabled": "false",
        "cluster.routing.allocation.disk.threshold_enabled": "false",
        "ES_JAVA_OPTS": "-Xms1g -Xmx1g",
    }
    image = f"docker.elastic.co/elasticsearch/elasticsearch:{version}"
    container = _container(image, 9200, port, environment)
    with _running(container, lambda: elasticsearch_answers(url)):
        yield url


def _container(
    image: str, inner_port: int, port: int, environment: Mapping[str, str]
) -> DockerContainer:
    container = DockerContainer(image).with_bind_ports(inner_port, port)
    for name, value in environment.items():
        container.with_env(name, value)
    return container


@contextlib.contextmanager
def _running(container: DockerContainer, ready: Callable[[], bool]) -> Iterator[None]:
    with container:
        try:
            eventually(ready, timeout_s=_READY_S, what=f"{container.image} answers")
        except AssertionError as error:
            said = b"".join(container.get_logs()).decode(errors="replace")
            raise ServiceFailed(f"{error}\n{telling(said)}") from error
        yield
