"""What is the key of a message in Kafka? Messages of one key stay in one partition, in order."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from logboom.broker.port import Message
from logboom.config import KafkaSection


class _Service(Struct, gc=False):
    name: str


class _Event(Struct, gc=False):
    service: _Service


_DECODER = msgspec.json.Decoder(_Event)


def key_of(section: KafkaSection) -> Callable[[Message], bytes]:
    """How to get the key that the configuration asks for."""
    return _service if section.key == "service" else source_key


def source_key(message: Message) -> bytes:
    """The source: one file stays in order."""
    return message.key


def _service(message: Message) -> bytes:
    """The event's service; its source where it names none."""
    try:
        return _DECODER.decode(message.value).service.name.encode()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return message.key
