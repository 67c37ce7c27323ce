"""The services of the tests are real, keep their data, and can be hurt."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from elasticsearch import AsyncElasticsearch, ConnectionTimeout

from tests.polling import eventually
from tests.services.downloads import elasticsearch_version
from tests.services.elasticsearch import elasticsearch_answers
from tests.services.errors import ServiceFailed
from tests.services.kafka import kafka_answers, start_kafka
from tests.services.process import JvmService, accepts, living_members

_STARTER = """
import sys
import tempfile
from pathlib import Path
from tests.services.process import JvmService
folder = Path(tempfile.mkdtemp(prefix="logboom-sleeper-"))
service = JvmService("sleeper", "", ["sleep", "1000"], {}, folder, lambda: True)
service.start()
print(service.pid, folder, flush=True)
sys.stdin.read()
"""
"""A service that needs nothing of its folder: nobody but the guard ends it."""


async def _make_topic(address: str, topic: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=2, replication_factor=1)])
    await admin.close()


async def _send(address: str, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=address, acks="all") as producer:
        await producer.send_and_wait(topic, value, key=b"key")


async def _receive(address: str, topic: str) -> list[bytes]:
    async with AIOKafkaConsumer(
        topic, bootstrap_servers=address, auto_offset_reset="earliest"
    ) as consumer:
        batches = await consumer.getmany(timeout_ms=20_000)
        return [message.value for batch in batches.values() for message in batch]


async def _found(url: str, index: str, query: dict[str, object]) -> list[object]:
    async with AsyncElasticsearch(url) as client:
        answer = await client.search(index=index, query=query)
        return [hit["_source"] for hit in answer["hits"]["hits"]]


async def _put(url: str, index: str, document: dict[str, object]) -> None:
    async with AsyncElasticsearch(url) as client:
        await client.index(index=index, document=document, refresh=True)


async def test_kafka_takes_and_gives_a_message(kafka: str, unique: str) -> None:
    await _make_topic(kafka, unique)
    await _send(kafka, unique, b"a line")
    assert await _receive(kafka, unique) == [b"a line"]


async def test_elasticsearch_finds_a_document(elasticsearch: str, unique: str) -> None:
    await _put(elasticsearch, unique, {"message": "a log boom catches"})
    assert await _found(elasticsearch, unique, {"match": {"message": "boom"}}) == [
        {"message": "a log boom catches"}
    ]
    assert await _found(elasticsearch, unique, {"match": {"message": "bridge"}}) == []


async def test_elasticsearch_has_the_version_under_test(own_elasticsearch: JvmService) -> None:
    async with AsyncElasticsearch(own_elasticsearch.address) as client:
        nodes = (await client.nodes.info())["nodes"].values()
    assert {node["version"] for node in nodes} == {elasticsearch_version()}


@pytest.mark.slow
@pytest.mark.parametrize("end", [JvmService.stop, JvmService.kill])
async def test_kafka_keeps_its_messages_from_start_to_start(
    own_kafka: JvmService, unique: str, end: Callable[[JvmService], None]
) -> None:
    address, group = own_kafka.address, own_kafka.pid
    await _make_topic(address, unique)
    await _send(address, unique, b"kept")
    await asyncio.to_thread(end, own_kafka)
    assert not accepts(address)
    assert list(living_members(group)) == []
    await asyncio.to_thread(own_kafka.start)
    assert own_kafka.address == address
    assert await _receive(address, unique) == [b"kept"]


@pytest.mark.slow
@pytest.mark.parametrize("end", [JvmService.stop, JvmService.kill])
async def test_elasticsearch_keeps_its_documents_from_start_to_start(
    own_elasticsearch: JvmService, unique: str, end: Callable[[JvmService], None]
) -> None:
    url, group = own_elasticsearch.address, own_elasticsearch.pid
    await _put(url, unique, {"message": "kept"})
    await asyncio.to_thread(end, own_elasticsearch)
    assert not elasticsearch_answers(url)
    assert list(living_members(group)) == []
    await asyncio.to_thread(own_elasticsearch.start)
    assert await _found(url, unique, {"match_all": {}}) == [{"message": "kept"}]


def test_a_paused_kafka_accepts_but_does_not_answer(own_kafka: JvmService) -> None:
    own_kafka.pause()
    try:
        assert accepts(own_kafka.address)
        assert not kafka_answers(own_kafka.address)
    finally:
        own_kafka.resume()
    eventually(lambda: kafka_answers(own_kafka.address), timeout_s=60, what="Kafka goes on")


async def test_a_paused_elasticsearch_lets_its_clients_wait(own_elasticsearch: JvmService) -> None:
    own_elasticsearch.pause()
    try:
        async with AsyncElasticsearch(own_elasticsearch.address, max_retries=0) as client:
            with pytest.raises(ConnectionTimeout):
                await client.options(request_timeout=0.5).cluster.health()
    finally:
        own_elasticsearch.resume()
    eventually(
        lambda: elasticsearch_answers(own_elasticsearch.address),
        timeout_s=60, what="Elasticsearch goes on",
    )  # fmt: skip


def test_what_runs_is_not_started_again(own_kafka: JvmService) -> None:
    with pytest.raises(ServiceFailed, match="Kafka is already running"):
        own_kafka.start()


def test_what_does_not_start_says_why_and_leaves_nothing(
    own_kafka: JvmService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(ServiceFailed, match=r"(?s)Kafka ended with status 1.*Too small .* heap"):
        start_kafka(heap="1k")
    assert list(tmp_path.iterdir()) == []


def test_no_service_outlives_its_starter_however_that_ends() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _STARTER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout is not None
        pid, folder = starter.stdout.readline().split()
        assert psutil.pid_exists(int(pid))
        starter.kill()
    eventually(
        lambda: not any(living_members(int(pid))) and not Path(folder).exists(),
        timeout_s=30, what="the service and its folder are gone",
    )  # fmt: skip
