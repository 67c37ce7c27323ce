"""Which settings and mappings do day indices get?

The templates are data in `mappings/elasticsearch/`; settings of the configuration are filled in here.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from logboom.config import ElasticsearchSection
from logboom.elastic.template import Template, load
from logboom.store.elastic.names import IndexNames

MANAGED_BY = "logboom"
_PLAIN_PRIORITY = 300
_SORTS: dict[str, dict[str, Any]] = {
    "none": {},
    "time": {"sort.field": ["@timestamp"], "sort.order": ["desc"]},
    "service": {"sort.field": ["service.name", "@timestamp"], "sort.order": ["asc", "desc"]},
}


def templates(
    section: ElasticsearchSection, names: IndexNames, *, cuts_words: bool
) -> tuple[Template, ...]:
    """All templates, in the order in which they are installed.

    The user's own component comes last, so that it wins; it is named, and may be missing.

    Args:
        section: Settings of day indices.
        names: Of the day indices.
        cuts_words: The server has the tokenizer that cuts texts into our words.
    """
    settings = load("settings")
    settings["template"]["settings"]["index"] |= _settings(section)
    parts = ["events", "attributes", "texts-analysed" if cuts_words else "texts-spelled"]
    if section.mode == "logsdb":
        parts.append("logsdb")
    components = (
        _component(f"{names.template}@settings", settings),
        *(_component(f"logboom-{part}", load(part)) for part in parts),
    )
    index = load("day-index")
    index["index_patterns"] = list(names.patterns)
    index["composed_of"] = [*(one.path.rpartition("/")[2] for one in components), names.custom]
    index["ignore_missing_component_templates"] = [names.custom]
    # Overlapping patterns must differ in priority; the more a pattern says, the higher it is.
    index["priority"] = _PLAIN_PRIORITY + len(names.patterns[0])
    return (*components, Template(f"/_index_template/{names.template}", "index_template", index))


def _component(name: str, content: dict[str, Any]) -> Template:
    return Template(f"/_component_template/{name}", "component_template", content)


def _settings(section: ElasticsearchSection) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "number_of_shards": section.shards,
        # As many copies as asked for, where there are nodes to hold them.
        "auto_expand_replicas": f"0-{section.replicas}" if section.replicas else "false",
        "number_of_replicas": 0,
        "refresh_interval": f"{round(section.refresh_interval.total_seconds() * 1000)}ms",
        "mapping.total_fields.limit": section.field_limit,
        **_SORTS[section.sort],
    }
    if section.codec != "default":
        settings["codec"] = section.codec
    return settings


@cache
def attribute_mapping(kind: str) -> dict[str, Any]:
    """How an attribute is indexed: one that holds a `number`, or only `text`."""
    for one in load("attributes")["template"]["mappings"]["dynamic_templates"]:
        if f"attribute_{kind}s" in one:
            mapping: dict[str, Any] = one[f"attribute_{kind}s"]["mapping"]
            return mapping
    raise KeyError(kind)
