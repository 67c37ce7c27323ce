"""What do the outputs of Logstash say in our terms?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logboom.importing.logstash_syntax import Plugin
from logboom.importing.places import (
    compression_of,
    index_of,
    kafka_section,
    login,
    urls_of,
)
from logboom.importing.translation import Note, Settings, as_list, reference

_TUNING = (
    "id", "enable_metric", "codec", "workers", "retry_initial_interval", "retry_max_interval",
    "retry_on_conflict", "action", "document_id", "manage_template", "template", "template_name",
    "template_overwrite", "ilm_enabled", "ilm_policy", "ilm_rollover_alias", "ilm_pattern",
    "data_stream", "sniffing", "http_compression", "pool_max", "timeout", "acks", "batch_size",
    "linger_ms", "retries", "message_key", "client_id", "buffer_memory", "max_request_size",
    "document_type", "pipeline", "ecs_compatibility",
)  # fmt: skip


def outputs_of(plugins: Sequence[Plugin], notes: list[Note]) -> dict[str, Any]:
    """Translates the outputs: at most one broker and one store."""
    found: dict[str, Any] = {}
    makers = {"elasticsearch": _elasticsearch, "kafka": _kafka}
    for plugin in plugins:
        make = makers.get(plugin.name)
        if make is None:
            notes.append(Note(plugin.line, f"output {plugin.name}: has no counterpart"))
            continue
        settings = Settings(
            plugin.values, plugin.lines, f"output {plugin.name}", notes, line=plugin.line
        )
        made = make(settings)
        if made.keys() & found.keys():
            notes.append(Note(plugin.line, f"output {plugin.name}: there is one already"))
            continue
        settings.ignore([name for name in _TUNING if name in settings], "it is not needed here")
        settings.finish()
        found |= made
    return found


def _elasticsearch(settings: Settings) -> dict[str, Any]:
    tls: dict[str, Any] = {}
    is_tls = settings.take("ssl", default=False) or settings.take("ssl_enabled", default=False)
    hosts = [str(host) for host in as_list(settings.take("hosts", ["localhost:9200"]))]
    section: dict[str, Any] = {"urls": urls_of(hosts, "https" if is_tls else "http")}
    section |= login(settings, user="user", password="password", key="api_key")  # noqa: S106 - names of settings
    for name in ("cacert", "ssl_certificate_authorities"):
        authorities = as_list(settings.take(name))
        if authorities:
            tls["ca_file"] = reference(str(authorities[0]))
    if settings.take("ssl_certificate_verification", default=True) is False:
        tls["verify"] = False
    if settings.take("ssl_verification_mode", "full") == "none":
        tls["verify"] = False
    if tls:
        section["tls"] = tls
    return {"store": {"elasticsearch": section}, **index_of(settings, "index")}


def _kafka(settings: Settings) -> dict[str, Any]:
    hosts = [host.strip() for host in str(settings.take("bootstrap_servers", "")).split(",")]
    topic = settings.take("topic_id")
    section = kafka_section(
        settings, hosts=[host for host in hosts if host] or ["localhost:9092"],
        topic=None if topic is None else str(topic), topic_key="topic_id",
    )  # fmt: skip
    section |= compression_of(settings, "compression_type")
    protocol = str(settings.take("security_protocol", "PLAINTEXT")).upper()
    if protocol.endswith("SSL"):
        section["tls"] = {}
        settings.note("security_protocol", "needs the authority's certificate: set `tls.ca_file`")
    if protocol.startswith("SASL"):
        mechanism = str(settings.take("sasl_mechanism", "PLAIN"))
        section["sasl"] = {
            "mechanism": mechanism,
            "username": "${LOGBOOM_KAFKA_USERNAME}",
            "password": "${LOGBOOM_KAFKA_PASSWORD}",
        }
        settings.note(
            "sasl_jaas_config" if "sasl_jaas_config" in settings else "security_protocol",
            "is not copied: put the name and the password into the environment as"
            " LOGBOOM_KAFKA_USERNAME and LOGBOOM_KAFKA_PASSWORD",
        )
        settings.take("sasl_jaas_config")
        settings.take("jaas_path")
    return {"broker": {"kafka": section}}
