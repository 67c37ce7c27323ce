"""Brokers, stores and index names of other shippers in our terms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from logboom.importing.translation import Settings, reference, secret

_DATE = re.compile(r"%\{\+([^}]+)\}")
_CODES = {"yyyy": "%Y", "YYYY": "%Y", "MM": "%m", "dd": "%d", "xxxx": "%Y", "ww": "%V", "HH": "%H"}
_COMPRESSIONS = frozenset({"none", "lz4", "zstd", "gzip"})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
LINES_ALONE: Final = frozenset({"tcp", "udp"})
"""Inputs whose lines have no header of syslog."""
PLAIN_LINES: Final = (
    "takes lines as they are, `format: plain`: name the format that they have, to get their fields"
)
"""What is said of such an input whose format is not known."""


def kafka_section(
    settings: Settings, *, hosts: Sequence[str], topic: str | None, topic_key: str
) -> dict[str, Any]:
    """A `broker: {kafka: …}`; SASL and TLS are the caller's."""
    section: dict[str, Any] = {"bootstrap": [reference(host) for host in hosts]}
    if topic is not None and "%{" in topic:
        settings.note(topic_key, "names a topic for each event: all events go to one topic")
    elif topic is not None:
        section["topic"] = reference(topic)
    return section


def compression_of(settings: Settings, key: str) -> dict[str, str]:
    """The compression of the batches, if it is named."""
    value = settings.take(key)
    if value is None:
        return {}
    if value not in _COMPRESSIONS:
        settings.note(key, f"{value!r} is not there: lz4 is taken")
        return {"compression": "lz4"}
    return {"compression": str(value)}


def urls_of(hosts: Sequence[str], protocol: str, path: str = "") -> list[str]:
    """Elasticsearch's addresses as URLs."""
    found = []
    for host in hosts:
        text = reference(str(host)).rstrip("/")
        if "://" not in text:
            text = f"{protocol}://{text}"
        scheme, _, rest = text.partition("://")
        rest = rest.rpartition("@")[2]
        if ":" not in rest.partition("/")[0] and not rest.startswith("$"):
            name, slash, tail = rest.partition("/")
            rest = f"{name}:9200{slash}{tail}"
        found.append(f"{scheme}://{rest}{path}")
    return found


def login(settings: Settings, *, user: str, password: str, key: str) -> dict[str, str]:
    """How to log in to Elasticsearch: by API key, or by name and password."""
    api_key = secret(settings, key, "LOGBOOM_STORE_API_KEY")
    if api_key is not None:
        return {"api_key": api_key}
    name = settings.take(user)
    word = secret(settings, password, "LOGBOOM_STORE_PASSWORD")  # the environment's, not a password
    if name is None or word is None:
        return {}
    return {"username": reference(str(name)), "password": word}


def index_of(settings: Settings, key: str) -> dict[str, str]:
    """The name of a day index, if it can be said in our terms."""
    value = settings.take(key)
    if value is None:
        return {}
    name = _DATE.sub(lambda match: _codes(match[1]), str(value)).lower()
    name = re.sub("%([a-z])", lambda m: f"%{'Y' if m[1] == 'y' else m[1]}", name)
    if "%{" in name or not all(code in name for code in ("%Y", "%m", "%d")):
        settings.note(key, "has no counterpart: there is one index a day, logboom-logs-%Y.%m.%d")
        return {}
    return {"index": name}


def _codes(letters: str) -> str:
    return re.sub(
        "|".join(sorted(_CODES, key=len, reverse=True)), lambda match: _CODES[match[0]], letters
    )


def listening(host: str | None, port: object) -> tuple[str, bool]:
    """An address to listen on, and whether other machines can reach it."""
    name = host or "0.0.0.0"  # noqa: S104 - what the other shipper does; it is told
    return f"{name}:{port}", name not in _LOOPBACK
