"""Which broker does the configuration ask for?"""

from __future__ import annotations

from logboom.broker.port import Broker
from logboom.config import Config, KafkaSection


async def open_broker(config: Config) -> Broker:
    """Opens the configured broker; what it needs is imported only now.

    Raises:
        BrokerError: When it cannot be opened at all; one that does not answer yet is no failure.
    """
    if isinstance(config.broker, KafkaSection):
        from logboom.broker.kafka import KafkaBroker  # noqa: PLC0415 - slow to import

        return KafkaBroker(config.broker)
    from logboom.broker.local import LocalBroker  # noqa: PLC0415 - only where it is used

    return LocalBroker(config.data / "broker", config.broker)
