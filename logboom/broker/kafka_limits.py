"""How large may a message be for a topic?"""

from __future__ import annotations

import logging

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

log = logging.getLogger("logboom.broker")

_LIMIT = "max.message.bytes"


async def topic_limit(admin: AIOKafkaAdminClient, topic: str) -> int | None:
    """What a topic takes at once, in bytes after compression.

    Returns:
        None when Kafka does not tell us: the right to ask (DescribeConfigs) may be missing.
    """
    wanted = ConfigResource(ConfigResourceType.TOPIC, topic, {_LIMIT: None})
    try:
        (answer,) = await admin.describe_configs([wanted])
    except (KafkaError, TimeoutError) as error:
        log.info("Kafka does not tell the limits of %s: %s", topic, error)
        return None
    for code, _message, _kind, _name, entries in answer.resources:
        if code == 0:
            return next((int(entry[1]) for entry in entries if entry[0] == _LIMIT), None)
        log.info("Kafka does not tell the limits of %s: error %d", topic, code)
    return None
