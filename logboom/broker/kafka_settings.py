"""How do we reach Kafka, and what do its errors mean for us?"""

from __future__ import annotations

import ssl
from typing import Any

from aiokafka.errors import (
    AuthenticationFailedError,
    AuthenticationMethodNotSupported,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    RecordTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from logboom.config import KafkaSection
from logboom.errors import BrokerError, BrokerRefused, BrokerUnavailable, ConfigError

_FINAL = (MessageSizeTooLargeError, RecordListTooLargeError, RecordTooLargeError)


def client_settings(section: KafkaSection) -> dict[str, Any]:
    """What every client of Kafka is given.

    Raises:
        ConfigError: When a certificate cannot be read.
    """
    settings: dict[str, Any] = {"bootstrap_servers": section.bootstrap, "client_id": "logboom"}
    secure = section.tls is not None
    if section.sasl is not None:
        settings["sasl_mechanism"] = section.sasl.mechanism
        settings["sasl_plain_username"] = section.sasl.username
        settings["sasl_plain_password"] = section.sasl.password.get_secret_value()
        settings["security_protocol"] = "SASL_SSL" if secure else "SASL_PLAINTEXT"
    elif secure:
        settings["security_protocol"] = "SSL"
    if section.tls is not None:
        settings["ssl_context"] = _ssl_context(section)
    return settings


def _ssl_context(section: KafkaSection) -> ssl.SSLContext:
    tls = section.tls
    if tls is None:
        raise ValueError("no TLS section")
    try:
        context = ssl.create_default_context(cafile=tls.ca_file)
        if tls.cert_file is not None:
            context.load_cert_chain(tls.cert_file, tls.key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"a certificate cannot be used: {error}", where="broker.kafka.tls"
        ) from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def place_of(section: KafkaSection) -> str:
    """Where Kafka is, for messages."""
    return f"kafka://{','.join(section.bootstrap)}"


def translated(error: KafkaError | TimeoutError, section: KafkaSection) -> BrokerError:
    """A Kafka client's error in our terms."""
    where = place_of(section)
    user = "nobody in particular" if section.sasl is None else repr(section.sasl.username)
    sentences: tuple[tuple[type[KafkaError], str, str], ...] = (
        (
            SaslAuthenticationFailed,
            f"Kafka does not let {user} in",
            "check broker.kafka.sasl: mechanism, user name, password",
        ),
        (
            AuthenticationFailedError,
            f"Kafka does not let {user} in",
            "check broker.kafka.sasl: mechanism, user name, password",
        ),
        (
            AuthenticationMethodNotSupported,
            "Kafka does not know this way to log in",
            "check broker.kafka.sasl.mechanism",
        ),
        (
            TopicAuthorizationFailedError,
            f"{user} has no right to the topics {section.topic} and {section.status_topic}",
            "grant Create, Describe, Write and Read on them",
        ),
        (
            ClusterAuthorizationFailedError,
            f"{user} may not do this on the cluster",
            "grant Create, or create the topics; and IdempotentWrite before Kafka 2.8",
        ),
        (
            GroupAuthorizationFailedError,
            f"{user} has no right to the consumer group",
            "grant Read and Describe on the group",
        ),
    )
    for kind, what, mend in sentences:
        if isinstance(error, kind):
            return BrokerRefused(what, where=where, mend=mend)
    text = str(error) or type(error).__name__
    if isinstance(error, _FINAL):
        return BrokerRefused(
            text, where=where, mend="check the credentials, the rights and the limits"
        )
    if isinstance(error, UnknownTopicOrPartitionError):
        return BrokerUnavailable(
            f"there is no topic {section.topic}",
            where=where,
            mend="was it deleted? create it again",
        )
    return BrokerUnavailable(f"Kafka does not answer as it should: {text}", where=where)
