"""What does a filebeat.yml say in our terms?"""

from __future__ import annotations

from typing import Any

from logboom.importing.filebeat_inputs import input_of
from logboom.importing.filebeat_outputs import elasticsearch_output, kafka_output
from logboom.importing.filebeat_processors import Processed, processors_of
from logboom.importing.located import Located, read_located
from logboom.importing.translation import (
    Note,
    Settings,
    Translation,
    as_list,
    is_second_stdin,
)

_LEVELS = {"debug": "debug", "info": "info", "warning": "warn", "error": "error"}
_OURSELVES = (
    "setup",
    "logging",
    "monitoring",
    "xpack",
    "http",
    "path",
    "queue",
    "filebeat.registry",
)


def import_filebeat(text: str, *, origin: str) -> Translation:
    """Translates.

    Args:
        text: Of the file.
        origin: Its name, for errors.

    Raises:
        ConfigError: It is no YAML.
    """
    located = read_located(text, origin=origin)
    notes: list[Note] = []
    top = Settings(located.values, located.lines, "filebeat", notes)
    settings: dict[str, Any] = {}
    common = _common(top, notes)
    inputs: list[dict[str, Any]] = []
    for key in ("filebeat.inputs", "filebeat.prospectors"):
        for entry in as_list(top.take(key)):
            if isinstance(entry, Located):
                made = input_of(entry, notes, common)
                if made is not None and not is_second_stdin(
                    made, inputs, "input stdin", entry.line, notes
                ):
                    inputs.append(made)
            else:
                top.note(key, "has an entry that is no mapping")
    settings["inputs"] = inputs
    if common.rules:
        settings["rules"] = common.rules
    kafka = top.take_below("output.kafka")
    if kafka:
        settings |= kafka_output(_output(kafka, located, "output.kafka", notes))
    elastic = top.take_below("output.elasticsearch")
    if elastic:
        settings |= elasticsearch_output(_output(elastic, located, "output.elasticsearch", notes))
    if "name" in top:
        settings["shipper"] = {"name": str(top.take("name"))}
    _own_settings(top, settings)
    top.finish()
    return Translation(settings, sorted(notes, key=lambda note: note.line))


def _common(top: Settings, notes: list[Note]) -> Processed:
    """What is added to the events of all inputs."""
    common = processors_of(as_list(top.take("processors")), notes)
    root = top.take("fields_under_root", default=False)
    fields = top.take_below("fields")
    if fields and not root:
        top.note("fields", "become fields of their own, without `fields.` in front")
    tags = as_list(top.take("tags"))
    common.fields.update(fields)
    if tags:
        common.fields["tags"] = tags
    return common


def _output(values: dict[str, Any], located: Located, title: str, notes: list[Note]) -> Settings:
    front = f"{title}."
    lines = {
        name.removeprefix(front): line
        for name, line in located.lines.items()
        if name.startswith(front)
    }
    return Settings(values, lines, title, notes)


def _own_settings(top: Settings, settings: dict[str, Any]) -> None:
    """What concerns Filebeat itself: it has no counterpart, and needs none."""
    level = str(top.take("logging.level"))
    if level in _LEVELS:
        settings["log_level"] = _LEVELS[level]
    for prefix in _OURSELVES:
        if top.take_below(prefix) or top.take(prefix) is not None:
            top.note(prefix, "is about Filebeat itself, and is left out")
    for prefix in ("output.logstash", "output.redis", "output.file", "output.console", "cloud"):
        if top.take_below(prefix) or top.take(prefix) is not None:
            top.note(prefix, "has no counterpart: events go to the embedded broker, or to Kafka")
    for prefix in ("filebeat.modules", "filebeat.config", "filebeat.autodiscover"):
        if top.take_below(prefix) or top.take(prefix) is not None:
            top.note(
                prefix, "is not translated: name the files in `inputs`, formats are recognised"
            )
