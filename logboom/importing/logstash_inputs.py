"""What does an input of Logstash say in our terms?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from logboom.importing.logstash_conditions import field_name
from logboom.importing.logstash_syntax import Plugin
from logboom.importing.places import listening
from logboom.importing.translation import Note, Settings, as_list, reference

_OWN_WAY = (
    "id", "enable_metric", "sincedb_path", "sincedb_write_interval", "sincedb_clean_after",
    "stat_interval", "discover_interval", "close_older", "max_open_files", "file_chunk_size",
    "file_chunk_count", "file_sort_by", "file_sort_direction", "mode", "check_archive_validity",
    "file_completed_action", "exit_after_read", "threads", "workers", "queue_size", "buffer_size",
    "receive_buffer_bytes", "ecs_compatibility", "locale", "use_labels", "proxy_protocol",
)  # fmt: skip
_HTTP_KEY = "LOGBOOM_HTTP_KEY"


@dataclass(frozen=True, slots=True)
class Made:
    """An input of ours, and what Logstash's filters can know of its events beforehand.

    Attributes:
        section: Of our configuration; filters add to it.
        kind: Its `type` in Logstash; None when it has none.
        tags: Its tags.
    """

    section: dict[str, Any]
    kind: str | None
    tags: Sequence[str]


def input_of(plugin: Plugin, notes: list[Note]) -> Made | None:
    """Translates an input; None for one that has no counterpart."""
    settings = Settings(
        plugin.values, plugin.lines, f"input {plugin.name}", notes, line=plugin.line
    )
    makers = {
        "file": _file, "stdin": _stdin, "syslog": _syslog, "tcp": _syslog, "udp": _syslog,
        "http": _http,
    }  # fmt: skip
    make = makers.get(plugin.name)
    if make is None:
        hint = (
            ": an input with `http:` takes what Filebeat's output.elasticsearch sends"
            if plugin.name in {"beats", "elastic_agent"}
            else ""
        )
        notes.append(Note(plugin.line, f"input {plugin.name}: has no counterpart{hint}"))
        return None
    section = make(settings, plugin.name)
    _codec(settings, section)
    kind, tags = settings.take("type"), [str(tag) for tag in as_list(settings.take("tags"))]
    added = settings.take("add_field", {})
    fields: dict[str, Any] = {}
    if isinstance(added, dict):
        fields = {field_name(str(name)): reference(str(value)) for name, value in added.items()}
    if kind is not None:
        fields["type"] = kind
    if tags:
        fields["tags"] = tags
    if fields:
        section["fields"] = fields
    settings.ignore([name for name in _OWN_WAY if name in settings], "it is not needed here")
    settings.finish()
    return Made(section, None if kind is None else str(kind), tags)


def _file(settings: Settings, _kind: str) -> dict[str, Any]:
    section: dict[str, Any] = {
        "path": [reference(str(path)) for path in as_list(settings.take("path"))]
    }
    excluded = [str(glob) for glob in as_list(settings.take("exclude"))]
    if excluded:
        section["exclude"] = excluded
    if settings.take("start_position", "end") != "beginning":
        section["start"] = "end"
    age = settings.take("ignore_older")
    if age is not None:
        section["start"] = f"{age}s" if isinstance(age, int | float) else str(age).replace(" ", "")
    return section


def _stdin(_settings: Settings, _kind: str) -> dict[str, Any]:
    return {"stdin": True}


def _syslog(settings: Settings, kind: str) -> dict[str, Any]:
    """Syslog, and plain lines over TCP or UDP: the same input takes them."""
    key = "port" if "port" in settings else "host"
    host, port = settings.take("host"), settings.take("port", 514)
    address, is_open = listening(None if host is None else str(host), port)
    section: dict[str, Any] = {"syslog": address}
    if kind != "syslog":
        section["transport"] = [kind]
    if is_open:
        section["allow_remote"] = True
        settings.note(key, "can be reached from other machines: think of `tls`")
    zone = settings.take("timezone")
    if zone is not None:
        section["zone"] = str(zone)
    return section


def _http(settings: Settings, _kind: str) -> dict[str, Any]:
    key = "port" if "port" in settings else "host"
    host, port = settings.take("host"), settings.take("port", 8080)
    address, is_open = listening(None if host is None else str(host), port)
    section: dict[str, Any] = {"http": address}
    settings.note(key, "takes _bulk, OTLP and Loki's push, not any body")
    if is_open:
        section["api_keys"] = [f"${{{_HTTP_KEY}}}"]
        settings.note(key, f"needs a key where others can reach it: put one into {_HTTP_KEY}")
    return section


def _codec(settings: Settings, section: dict[str, Any]) -> None:
    codec = settings.take("codec")
    name = codec.name if isinstance(codec, Plugin) else codec
    if name in {"json", "json_lines"}:
        section["format"] = "json"
    elif name == "multiline" and isinstance(codec, Plugin):
        _multiline(settings, codec, section)
    elif name not in {None, "plain", "line"}:
        settings.note("codec", f"{name!r} is not translated")


def _multiline(settings: Settings, codec: Plugin, section: dict[str, Any]) -> None:
    pattern = str(codec.values.get("pattern", ""))
    if "%{" in pattern or "syslog" in section:
        settings.note("codec", "has a grok pattern: `multiline: auto` finds the beginnings itself")
        return
    made: dict[str, Any] = {"pattern": pattern}
    if codec.values.get("negate"):
        made["negate"] = True
    made["match"] = "before" if codec.values.get("what") == "next" else "after"
    if "max_lines" in codec.values:
        made["max_lines"] = codec.values["max_lines"]
    if "auto_flush_interval" in codec.values:
        made["timeout_s"] = codec.values["auto_flush_interval"]
    for name in sorted(codec.values.keys() & {"charset", "patterns_dir", "max_bytes"}):
        settings.note("codec", f"has {name!r}, which is not translated")
    section["multiline"] = made
