"""A cluster of two Elasticsearch nodes, of which the second may be killed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from tests.services.elasticsearch import start_elasticsearch
from tests.services.process import JvmService, free_port

_HEAP = "512m"


def start_elasticsearch_cluster() -> list[JvmService]:
    """Starts two nodes that hold each other's replicas; the first is the master, and must stay.

    Raises:
        ServiceMissing: When it cannot be had on this machine.
        ServiceFailed: When it does not start.
    """
    transport = [free_port(), free_port()]

    def start(number: int) -> JvmService:
        settings = {
            "cluster.name": f"logboom-{transport[0]}",
            "discovery.type": "multi-node",
            "discovery.seed_hosts": f'["127.0.0.1:{transport[0]}"]',
            "transport.port": str(transport[number]),
            "node.name": f"test-{number}",
            "node.roles": "[master, data]" if number == 0 else "[data]",
        }
        if number == 0:
            settings["cluster.initial_master_nodes"] = '["test-0"]'
        return start_elasticsearch(heap=_HEAP, settings=settings)

    with ThreadPoolExecutor(2) as threads:
        starting = [threads.submit(start, number) for number in range(2)]
    started = [one.result() for one in starting if one.exception() is None]
    for one in starting:
        if (error := one.exception()) is not None:
            for service in started:
                service.remove()
            raise error
    return started
