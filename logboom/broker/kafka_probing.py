"""Why can Kafka not be reached? The client library only says that it cannot."""

from __future__ import annotations

import logging
import ssl

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaConnectionError, KafkaError

from logboom.broker.kafka_settings import client_settings, place_of, translated
from logboom.config import KafkaSection
from logboom.errors import BrokerError, BrokerRefused, BrokerUnavailable

log = logging.getLogger("logboom.broker")

_PATIENCE_MS = 5000


async def why_not(error: KafkaError | TimeoutError, section: KafkaSection) -> BrokerError:
    """A client's error in our terms; one that says no reason is looked into.

    Args:
        error: Of a client that was being started.
        section: How Kafka is reached.
    """
    if not isinstance(error, KafkaConnectionError):
        return translated(error, section)
    settings = client_settings(section)
    settings.pop("bootstrap_servers")
    found: BrokerError = translated(error, section)
    for address in section.bootstrap:
        host, _, port = address.rpartition(":")
        try:
            connection = await create_conn(
                host.strip("[]"), int(port), request_timeout_ms=_PATIENCE_MS, **settings
            )
        except (KafkaError, OSError, TimeoutError) as reason:
            found = _sentence(reason, section, address)
            log.debug("%s cannot be reached: %s", address, found.what)
        else:
            connection.close()
            return found
    return found


def _sentence(
    reason: KafkaError | OSError | TimeoutError, section: KafkaSection, address: str
) -> BrokerError:
    where = place_of(section)
    cause = reason.__cause__ or reason
    if isinstance(cause, ssl.SSLCertVerificationError):
        return BrokerRefused(
            f"the certificate of {address} is not trusted: {cause.verify_message}",
            where=where, mend="name its authority in broker.kafka.tls.ca_file",
        )  # fmt: skip
    if isinstance(cause, ssl.SSLError):
        return BrokerRefused(
            f"{address} and we do not agree on TLS: {cause.reason or cause}",
            where=where, mend="check the port, and broker.kafka.tls",
        )  # fmt: skip
    if isinstance(reason, KafkaConnectionError) or not isinstance(reason, KafkaError):
        return BrokerUnavailable(f"{address} cannot be reached: {reason}", where=where)
    return translated(reason, section)
