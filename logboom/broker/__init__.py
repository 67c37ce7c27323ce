"""The broker port: where events wait, durably and in order, between the shipper and the processor.

Two implementations pass one contract suite (`tests/contract/test_broker.py`): `logboom.broker.kafka`
and `logboom.broker.local`. `open_broker` chooses by the configuration.
"""

from logboom.broker.opening import open_broker
from logboom.broker.port import (
    Broker,
    ConsumedBatch,
    Message,
    OutgoingBatch,
    PartitionLag,
    Publisher,
    Subscription,
    Unreadable,
)

__all__ = [
    "Broker",
    "ConsumedBatch",
    "Message",
    "OutgoingBatch",
    "PartitionLag",
    "Publisher",
    "Subscription",
    "Unreadable",
    "open_broker",
]
