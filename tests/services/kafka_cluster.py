"""A cluster of three brokers, of which two may be killed."""

from __future__ import annotations

import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.services.kafka import format_storage, made, server_properties
from tests.services.process import JvmService, free_port

_HEAP = "256m"


def start_kafka_cluster() -> list[JvmService]:
    """Starts three brokers; the first is the controller, and must stay.

    Raises:
        ServiceMissing: When it cannot be had on this machine.
        ServiceFailed: When it does not start.
    """
    controller, cluster = free_port(), uuid.uuid4().hex[:22]
    services = [_node(number, controller) for number in (1, 2, 3)]

    def start(service: JvmService) -> None:
        format_storage(service.folder, cluster=cluster)
        service.start()

    try:
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(start, services))
    except BaseException:
        for service in services:
            service.remove()
        raise
    return services


def _node(number: int, controller: int) -> JvmService:
    folder = Path(tempfile.mkdtemp(prefix=f"logboom-kafka-{number}-"))
    port = free_port()
    settings = {
        "node.id": str(number),
        "controller.quorum.voters": f"1@127.0.0.1:{controller}",
        "min.insync.replicas": "2",
        "offsets.topic.num.partitions": "1",
        "offsets.topic.replication.factor": "3",
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "replica.lag.time.max.ms": "3000",
        "auto.create.topics.enable": "false",
    }
    if number != 1:
        settings["process.roles"] = "broker"
        settings["listeners"] = f"PLAINTEXT://127.0.0.1:{port}"
    text = server_properties(port, controller, folder / "data", settings)
    return made(folder, port, text, heap=_HEAP)
