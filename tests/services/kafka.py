"""A Kafka of one node on a free port of loopback."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import tempfile
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError

from tests.services.downloads import kafka_jars
from tests.services.errors import ServiceFailed
from tests.services.java import find_java
from tests.services.process import JvmService, accepts, free_port

_JAVA = 17
_FORMAT_S = 120
_ASK_MS = 2000
_PROPERTIES = "server.properties"
_LOG_SETTINGS = (
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss,SSS",
)


def start_kafka(*, heap: str = "512m", settings: dict[str, str] | None = None) -> JvmService:
    """Starts a Kafka that is its own controller; `address` is HOST:PORT.

    Args:
        heap: The most that its heap may grow to, as Java writes it.
        settings: Lines of `server.properties`, beside or instead of the usual ones.

    Raises:
        ServiceMissing: When it cannot be had on this machine.
        ServiceFailed: When it does not start.
    """
    port, folder = free_port(), Path(tempfile.mkdtemp(prefix="logboom-kafka-"))
    text = server_properties(port, free_port(), folder / "data", settings or {})
    service = made(folder, port, text, heap=heap)
    try:
        format_storage(folder)
        service.start()
    except BaseException:
        service.remove()
        raise
    return service


def made(folder: Path, port: int, properties: str, *, heap: str) -> JvmService:
    """A broker that is neither formatted nor started.

    Args:
        folder: The service's own.
        port: Where it talks plain text.
        properties: The content of `server.properties`.
        heap: The most that its heap may grow to, as Java writes it.

    Raises:
        ServiceMissing: When it cannot be had on this machine.
    """
    path = folder / _PROPERTIES
    path.write_text(properties, encoding="utf-8")
    address = f"127.0.0.1:{port}"
    command = [*_java(), f"-Xmx{heap}", *_LOG_SETTINGS, "kafka.Kafka", str(path)]
    return JvmService("Kafka", address, command, {}, folder, lambda: kafka_answers(address))


def server_properties(port: int, controller_port: int, data: Path, more: dict[str, str]) -> str:
    """The settings of a broker that is its own controller; `more` wins."""
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        "num.partitions": "4",
        "offsets.topic.num.partitions": "4",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "group.initial.rebalance.delay.ms": "0",
        "log.cleaner.dedupe.buffer.size": "8388608",
        **more,
    }
    return "".join(f"{name}={value}\n" for name, value in lines.items())


def format_storage(folder: Path, *options: str, cluster: str | None = None) -> None:
    """Prepares a broker's data folder.

    Args:
        folder: The service's own.
        options: More options of Kafka's storage tool.
        cluster: Id of the cluster; default: one of its own.

    Raises:
        ServiceFailed: When the tool fails.
    """
    name = cluster or uuid.uuid4().hex[:22]
    tool = ["kafka.tools.StorageTool", "format", "-t", name, "-c", str(folder / _PROPERTIES)]
    done = subprocess.run(
        [*_java(), "-XX:TieredStopAtLevel=1", *tool, *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_FORMAT_S, check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise ServiceFailed(f"Kafka's storage: {(done.stdout + done.stderr)[-1000:]}")


def _java() -> list[str]:
    return [str(find_java(_JAVA) / "bin" / "java"), "-cp", f"{kafka_jars()}/*"]


def kafka_answers(address: str) -> bool:
    """Whether a broker is registered at HOST:PORT.

    The client runs in a thread of its own, since the caller's may have a running loop.
    """
    if not accepts(address):
        return False
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _has_brokers(address)).result()


async def _has_brokers(address: str) -> bool:
    client = AIOKafkaClient(bootstrap_servers=address, request_timeout_ms=_ASK_MS)
    try:
        await client.bootstrap()
        return bool(client.cluster.brokers())
    except KafkaError as error:
        logging.getLogger(__name__).debug("Kafka does not answer yet: %s", error)
        return False
    finally:
        await client.close()
