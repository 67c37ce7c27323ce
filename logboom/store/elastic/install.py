"""Which settings and mappings do day indices get? A template, installed and upgraded by the writer."""

from __future__ import annotations

import logging
import re
from importlib import resources
from typing import Any

import orjson

from logboom.config import ElasticsearchSection
from logboom.errors import StoreRefused
from logboom.store.elastic.client import Client
from logboom.store.elastic.names import IndexNames

log = logging.getLogger("logboom.store")

_FILE = ("mappings", "elasticsearch", "logs.json")


def template(section: ElasticsearchSection, names: IndexNames) -> dict[str, Any]:
    """The index template: `mappings/elasticsearch/logs.json` with the configured settings."""
    text = resources.files(_FILE[0]).joinpath(*_FILE[1:]).read_bytes()
    content: dict[str, Any] = orjson.loads(text)
    content["index_patterns"] = [names.wildcard]
    settings = content["template"]["settings"]["index"]
    settings["number_of_shards"] = section.shards
    settings["auto_expand_replicas"] = f"0-{section.replicas}" if section.replicas else "false"
    settings["number_of_replicas"] = 0
    settings["refresh_interval"] = f"{int(section.refresh_interval.total_seconds() * 1000)}ms"
    if section.codec != "default":
        settings["codec"] = section.codec
    return content


def template_name(names: IndexNames) -> str:
    """One template per pattern of names."""
    return re.sub(r"[^a-z0-9]+", "-", names.wildcard).strip("-") or "logboom"


async def install(client: Client, section: ElasticsearchSection, names: IndexNames) -> None:
    """Installs the template, unless a newer version of it is there already.

    Raises:
        StoreUnavailable: Try again later.
        StoreRefused: We may not install it.
    """
    content = template(section, names)
    name = template_name(names)
    installed = await _installed_version(client, name)
    if installed > content["version"]:
        log.warning(
            "the installed template %s has version %d, ours is %d: it is left as it is",
            name, installed, content["version"],
        )  # fmt: skip
        return
    await client.ask("PUT", f"/_index_template/{name}", body=content)


async def _installed_version(client: Client, name: str) -> int:
    try:
        answer = await client.ask("GET", f"/_index_template/{name}")
    except StoreRefused as error:
        if "404" in error.what:
            return 0
        raise
    return max(
        (int(t["index_template"].get("version", 0)) for t in answer["index_templates"]), default=0
    )
