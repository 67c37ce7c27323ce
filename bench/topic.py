"""What is in a Kafka topic?"""

from __future__ import annotations

from collections import Counter
from types import TracebackType

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

_PARTITIONS = 4
_RECEIVE_MS = 5000


class Topic:
    """A topic that is made for a measurement; an async context.

    Args:
        kafka: HOST:PORT.
        name: Of the topic, which is not there yet.
    """

    def __init__(self, kafka: str, name: str) -> None:
        self._kafka = kafka
        self.name = name
        self._places = [TopicPartition(name, number) for number in range(_PARTITIONS)]
        self._consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)

    async def __aenter__(self) -> Topic:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._kafka)
        await admin.start()
        try:
            await admin.create_topics([NewTopic(self.name, _PARTITIONS, 1)])
        finally:
            await admin.close()
        await self._consumer.start()
        self._consumer.assign(self._places)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._consumer.stop()

    async def messages(self) -> int:
        """How many there are, by the partitions' end offsets."""
        return sum((await self._consumer.end_offsets(self._places)).values())

    async def sequence_ids(self) -> Counter[int]:
        """How often each `seq` is there, by reading all messages.

        They are as the application wrote them, or as ours sends them.

        Raises:
            RuntimeError: Kafka does not hand them out.
        """
        found: Counter[int] = Counter()
        total = await self.messages()
        await self._consumer.seek_to_beginning(*self._places)
        while found.total() < total:
            batches = await self._consumer.getmany(timeout_ms=_RECEIVE_MS, max_records=20_000)
            if not batches:
                raise RuntimeError(f"{found.total()} of {total} messages of {self.name} were read")
            for records in batches.values():
                found.update(sequence_id(record.value) for record in records)
        return found


def sequence_id(value: bytes) -> int:
    """The `seq` of an event; a text ends its first line with it."""
    content = orjson.loads(value)
    number: int | None = content.get("attributes", content).get("seq")
    return (
        int(content["message"].partition("\n")[0].rsplit(" ", 1)[1]) if number is None else number
    )
