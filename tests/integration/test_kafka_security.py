"""Kafka with SASL over TLS: every way to log in works, and every mistake has a clear sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from logboom.broker import ConsumedBatch, Message, OutgoingBatch
from logboom.broker.kafka import KafkaBroker
from logboom.config import KafkaSection
from logboom.config.connections import SaslSection, TlsSection
from logboom.errors import BrokerError, BrokerRefused, BrokerUnavailable
from tests.polling import soon
from tests.services.errors import ServiceMissing
from tests.services.kafka_secure import ALICE, BOB, SecureKafka, start_secure_kafka
from tests.services.process import free_port
from tests.services.sources import missing

pytestmark = pytest.mark.kafka

_TOPIC, _GROUP, _LITERAL, _ALL, _DENY, _ALLOW = 2, 3, 3, 2, 2, 3
"""Kafka's numbers of kinds of resources, of names as they are, of all operations, and of rights."""


@pytest.fixture(scope="module")
def secure() -> Iterator[SecureKafka]:
    try:
        started = start_secure_kafka()
    except ServiceMissing as error:
        missing(error)
    yield started
    started.service.remove()


def section(kafka: SecureKafka, topic: str, **changes: Any) -> KafkaSection:
    name, password = changes.pop("user", ALICE)
    sasl = SaslSection(
        mechanism=changes.pop("mechanism", "SCRAM-SHA-512"), username=name, password=password
    )
    settings: dict[str, Any] = {
        "bootstrap": [kafka.address], "topic": topic, "status_topic": f"{topic}-s", "sasl": sasl,
        "tls": TlsSection(ca_file=kafka.ca_file), "request_timeout": "5s",
    }  # fmt: skip
    return KafkaSection(**{**settings, **changes})


async def trouble(broken: KafkaSection) -> BrokerError:
    """What a publisher is told."""
    broker = KafkaBroker(broken)
    with pytest.raises(BrokerError) as caught:
        await broker.publisher(producer="p")
    await broker.close()
    return caught.value


@pytest.mark.parametrize(
    ("mechanism", "compression"),
    [
        ("SCRAM-SHA-512", "none"),
        ("SCRAM-SHA-256", "lz4"),
        ("PLAIN", "zstd"),
        ("SCRAM-SHA-512", "gzip"),
    ],
)
async def test_events_go_through(
    secure: SecureKafka, unique: str, mechanism: str, compression: str
) -> None:
    broker = KafkaBroker(
        section(secure, unique, mechanism=mechanism, compression=compression, partitions=3)
    )
    await broker.check()
    publisher = await broker.publisher(producer="p")
    sent = [Message(b"k%d" % (n % 5), b"event %d" % n) for n in range(100)]
    await publisher.publish(OutgoingBatch(1, sent))
    subscription = await broker.subscription(group="g")
    received: list[bytes] = []
    while len(received) < 100:
        batches = await subscription.receive(max_messages=100, timeout_s=10)
        assert batches
        received += [message.value for batch in batches for message in batch.messages]
    lag = await broker.lag(group="g")
    assert [partition.partition for partition in lag] == [0, 1, 2]
    assert sorted(received) == sorted(message.value for message in sent)
    for part in (subscription, publisher, broker):
        await part.close()


async def test_a_wrong_password(secure: SecureKafka, unique: str) -> None:
    error = await trouble(section(secure, unique, user=(ALICE[0], "wrong-password")))
    assert isinstance(error, BrokerRefused)
    assert "does not let 'alice' in" in error.what
    assert "wrong-password" not in str(error)


async def test_a_certificate_that_nobody_vouches_for(secure: SecureKafka, unique: str) -> None:
    error = await trouble(section(secure, unique, tls=TlsSection()))
    assert isinstance(error, BrokerRefused)
    assert "certificate" in error.what
    assert error.mend == "name its authority in broker.kafka.tls.ca_file"


async def test_a_certificate_that_need_not_be_checked(secure: SecureKafka, unique: str) -> None:
    broker = KafkaBroker(section(secure, unique, tls=TlsSection(verify=False)))
    await broker.check()
    await broker.close()


async def test_tls_where_there_is_none(secure: SecureKafka, unique: str) -> None:
    error = await trouble(section(secure, unique, bootstrap=[secure.service.address]))
    assert "TLS" in error.what or "cannot be reached" in error.what


async def test_no_rights(secure: SecureKafka, unique: str) -> None:
    error = await trouble(section(secure, unique, user=BOB))
    assert isinstance(error, BrokerRefused)
    assert f"'bob' has no right to the topics {unique} and {unique}-s" in error.what


async def test_no_rights_to_a_topic_that_is_there(secure: SecureKafka, unique: str) -> None:
    owner = KafkaBroker(section(secure, unique))
    await (await owner.publisher(producer="p")).close()
    await owner.close()
    error = await trouble(section(secure, unique, user=BOB))
    assert "'bob' has no right" in error.what


async def test_nobody_is_there(secure: SecureKafka, unique: str) -> None:
    address = f"127.0.0.1:{free_port()}"
    error = await trouble(section(secure, unique, bootstrap=[address]))
    assert isinstance(error, BrokerUnavailable)
    assert f"{address} cannot be reached" in error.what


async def test_a_topic_that_was_deleted_where_none_makes_itself(
    secure: SecureKafka, unique: str
) -> None:
    broker = KafkaBroker(section(secure, unique, request_timeout="2s"))
    publisher = await broker.publisher(producer="p")
    batch = OutgoingBatch(1, [Message(b"k", b"v")])
    await publisher.publish(batch)
    admin = AIOKafkaAdminClient(bootstrap_servers=secure.service.address)
    await admin.start()
    await admin.delete_topics([unique])
    await admin.close()

    async def is_told() -> bool:
        try:
            await publisher.publish(batch)
        except BrokerUnavailable as error:
            return f"there is no topic {unique}" in error.what
        return False

    await soon(is_told, timeout_s=120, what="it is told that the topic is gone")
    again = await broker.publisher(producer="p")  # which makes it anew
    await again.publish(batch)
    for part in (publisher, again, broker):
        await part.close()


async def _change_right(
    kafka: SecureKafka, change: type[CreateAclsRequest | DeleteAclsRequest], *rule: int
) -> None:
    """Makes or takes away a rule for `BOB`: kind of resource, and whether it allows or denies."""
    kind, permission = rule
    client = AIOKafkaClient(bootstrap_servers=kafka.service.address)
    await client.bootstrap()
    request = change(kind, "*", _LITERAL, f"User:{BOB[0]}", "*", _ALL, permission)
    answer = await client.send(client.get_random_node(), request)
    assert answer.to_object()
    await client.close()


async def test_a_member_whose_right_to_the_group_is_taken_away_goes_on_once_it_has_it_again(
    secure: SecureKafka, unique: str
) -> None:
    owner = KafkaBroker(section(secure, unique))
    publisher = await owner.publisher(producer="p")
    for kind in (_TOPIC, _GROUP):
        await _change_right(secure, CreateAclsRequest, kind, _ALLOW)
    broker = KafkaBroker(section(secure, unique, user=BOB))
    subscription = await broker.subscription(group="g")
    await _change_right(secure, CreateAclsRequest, _GROUP, _DENY)

    async def is_told() -> bool:
        try:
            await subscription.receive(max_messages=1, timeout_s=0.2)
        except BrokerRefused as error:
            return "'bob' has no right to the consumer group" in error.what
        except BrokerUnavailable:
            return False  # it joins anew, and has not been refused yet
        return False

    await soon(is_told, timeout_s=60, what="it is told that the right is missing")
    await _change_right(secure, DeleteAclsRequest, _GROUP, _DENY)
    await publisher.publish(OutgoingBatch(1, [Message(b"k", b"v")]))

    async def received() -> Sequence[ConsumedBatch]:
        try:
            return await subscription.receive(max_messages=1, timeout_s=0.2)
        except BrokerError:
            return []

    batches = await soon(received, timeout_s=60, what="it receives again")
    await subscription.commit({batch.partition: batch.next_offset for batch in batches})
    assert sum(lag.messages for lag in await owner.lag(group="g")) == 0
    for kind in (_TOPIC, _GROUP):
        await _change_right(secure, DeleteAclsRequest, kind, _ALLOW)
    for part in (subscription, publisher, broker, owner):
        await part.close()
