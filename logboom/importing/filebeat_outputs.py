"""What do Filebeat's outputs say in our terms?"""

from __future__ import annotations

from typing import Any

from logboom.importing.places import (
    compression_of,
    index_of,
    kafka_section,
    login,
    urls_of,
)
from logboom.importing.translation import Settings, as_list, reference, secret

_TUNING = (
    "worker", "workers", "bulk_max_size", "loadbalance", "timeout", "backoff", "max_retries",
    "compression_level", "escape_html", "metadata", "keep_alive", "max_message_bytes", "client_id",
    "version", "broker_timeout", "channel_buffer_size", "bulk_flush_frequency", "flush_interval",
    "allow_older_versions", "enabled", "headers", "parameters", "proxy_url",
)  # fmt: skip


def kafka_output(settings: Settings) -> dict[str, Any]:
    """`output.kafka` as `broker: {kafka: …}`."""
    if settings.take("enabled", default=True) is False:
        settings.note("enabled", "is false: the output is left out")
        return {}
    hosts = [str(host) for host in as_list(settings.take("hosts"))]
    topic = settings.take("topic")
    section = kafka_section(
        settings, hosts=hosts, topic=None if topic is None else str(topic), topic_key="topic"
    )
    section |= compression_of(settings, "compression")
    user = settings.take("username")
    word = secret(
        settings, "password", "LOGBOOM_KAFKA_PASSWORD"
    )  # the environment's, not a password
    if user is not None and word is not None:
        mechanism = str(settings.take("sasl.mechanism", "PLAIN"))
        section["sasl"] = {
            "mechanism": mechanism, "username": reference(str(user)), "password": word,
        }  # fmt: skip
    tls = _tls(settings)
    if tls is not None:
        section["tls"] = tls
    acks = settings.take("required_acks", -1)
    if acks != -1:
        settings.note("required_acks", "is left out: all replicas have an event before it counts")
    _left_out(settings)
    settings.finish()
    return {"broker": {"kafka": section}}


def elasticsearch_output(settings: Settings) -> dict[str, Any]:
    """`output.elasticsearch` as `store: {elasticsearch: …}` and `index`."""
    if settings.take("enabled", default=True) is False:
        settings.note("enabled", "is false: the output is left out")
        return {}
    hosts = [str(host) for host in as_list(settings.take("hosts", ["localhost:9200"]))]
    protocol = str(settings.take("protocol", "http"))
    section: dict[str, Any] = {"urls": urls_of(hosts, protocol, str(settings.take("path", "")))}
    section |= login(settings, user="username", password="password", key="api_key")  # noqa: S106 - names of settings
    tls = _tls(settings)
    if tls:
        section["tls"] = tls
    index = index_of(settings, "index")
    settings.ignore(("pipeline", "pipelines", "indices"), "what they do is done before storing")
    _left_out(settings)
    settings.finish()
    return {"store": {"elasticsearch": section}, **index}


def _tls(settings: Settings) -> dict[str, Any] | None:
    """A `tls` section; None when TLS is not asked for."""
    values = settings.take_below("ssl")
    if not values or values.get("enabled") is False:
        return None
    section: dict[str, Any] = {}
    authorities = as_list(values.pop("certificate_authorities", None))
    if authorities:
        section["ca_file"] = reference(str(authorities[0]))
    if len(authorities) > 1:
        settings.note("ssl.certificate_authorities", "has several files: put them into one")
    for theirs, ours in (("certificate", "cert_file"), ("key", "key_file")):
        if theirs in values:
            section[ours] = reference(str(values.pop(theirs)))
    if values.pop("verification_mode", "full") == "none":
        section["verify"] = False
    for name in values.keys() - {"enabled"}:
        settings.note(f"ssl.{name}", "is not translated")
    return section


def _left_out(settings: Settings) -> None:
    for name in _TUNING:
        if settings.take_below(name) or settings.take(name) is not None:
            settings.note(name, "is left out: it is not needed here")
