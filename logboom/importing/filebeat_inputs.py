"""What does one input of Filebeat say in our terms?"""

from __future__ import annotations

import re
from typing import Any

from logboom.config.units import parse_duration
from logboom.importing.filebeat_processors import Processed, processors_of
from logboom.importing.located import Located
from logboom.importing.places import LINES_ALONE, PLAIN_LINES, listening
from logboom.importing.translation import Note, Settings, as_list, reference

_CONTAINERS = "/var/log/containers/*.log"
_ENCODINGS = {"plain": "utf-8", "utf-16-bom": "utf-16", "iso8859-1": "latin-1", "euc-kr": "euc-kr"}
_LEVELS = {
    "TRACE": "trace", "DEBUG": "debug", "DBG": "debug", "INFO": "info", "WARN": "warn",
    "WARNING": "warn", "ERR": "error", "ERROR": "error", "FATAL": "fatal",
}  # fmt: skip
_OWN_WAY = (
    "scan_frequency", "close_inactive", "close_renamed", "close_removed", "close_eof",
    "close_timeout", "close", "clean_inactive", "clean_removed", "harvester_limit",
    "harvester_buffer_size", "backoff", "max_backoff", "backoff_factor", "file_identity",
    "prospector", "message_max_bytes", "buffer_size", "max_bytes", "id", "symlinks", "stream",
    "recursive_glob",
)  # fmt: skip


def input_of(entry: Located, notes: list[Note], common: Processed) -> dict[str, Any] | None:
    """Translates one entry of `filebeat.inputs`; None for one that has no counterpart.

    Args:
        entry: Of the file.
        notes: Where notes go.
        common: What the whole file adds to all inputs.
    """
    kind = str(entry.values.get("type", "log"))
    settings = Settings(entry.values, entry.lines, f"input {kind}", notes, line=entry.line)
    settings.take("type")
    if settings.take("enabled", default=True) is False:
        notes.append(Note(entry.line, f"input {kind}: is not enabled, and is left out"))
        return None
    makers = {
        "log": _files, "filestream": _files, "container": _containers, "docker": _containers,
        "stdin": _stdin, "syslog": _network, "tcp": _network, "udp": _network,
    }  # fmt: skip
    make = makers.get(kind)
    if make is None:
        notes.append(Note(entry.line, f"input {kind}: has no counterpart, and is left out"))
        return None
    made = make(settings, kind)
    _text(settings, made)
    _added(settings, made, notes, common)
    if kind in LINES_ALONE and "format" not in made:
        made["format"] = "plain"
        notes.append(Note(entry.line, f"input {kind}: {PLAIN_LINES}"))
    for name in _OWN_WAY:
        if settings.take_below(name) or settings.take(name) is not None:
            settings.note(name, "is left out: it is not needed here")
    settings.finish()
    return made


def _files(settings: Settings, _kind: str) -> dict[str, Any]:
    paths = [reference(str(path)) for path in as_list(settings.take("paths"))]
    if not paths:
        settings.note("paths", "is missing: the input reads nothing")
    made: dict[str, Any] = {"path": paths or ["/var/log/*.log"]}
    excluded = [*as_list(settings.take("exclude_files"))]
    excluded += as_list(settings.take("prospector.scanner.exclude_files"))
    globs = [glob for glob in map(_glob, map(str, excluded)) if glob is not None]
    if len(globs) < len(excluded):
        settings.note("exclude_files", "has regular expressions that no glob says: write `exclude`")
    if globs:
        made["exclude"] = globs
    if settings.take("tail_files", default=False):
        made["start"] = "end"
    age = settings.take("ignore_older")
    if age is not None and _seconds(age):
        made["start"] = str(age)
    return made


def _containers(settings: Settings, kind: str) -> dict[str, Any]:
    settings.ignore(("format", "stream"), "both runtimes' lines and both streams are recognised")
    identifiers = as_list(settings.take("containers.ids"))
    if kind == "docker" and identifiers:
        folder = str(settings.take("containers.path", "/var/lib/docker/containers"))
        return {"path": [f"{folder}/{name}/*.log" for name in identifiers]}
    paths = [reference(str(path)) for path in as_list(settings.take("paths"))]
    return {"path": paths or [_CONTAINERS]}


def _stdin(_settings: Settings, _kind: str) -> dict[str, Any]:
    return {"stdin": True}


def _network(settings: Settings, kind: str) -> dict[str, Any]:
    """Syslog over either, and plain lines over TCP or UDP: the same input takes them."""
    transport = kind if kind != "syslog" else None
    host, key = None, "host"
    for name in ("tcp", "udp"):
        found = settings.take(f"protocol.{name}.host")
        if found is not None:
            transport, host, key = name, str(found), f"protocol.{name}.host"
        for key in settings.take_below(f"protocol.{name}"):
            settings.note(f"protocol.{name}.{key}", "is not translated")
    host = str(settings.take("host", host or "localhost:9000"))
    name, _, port = reference(host).rpartition(":")
    address, is_open = listening(name, port)
    made: dict[str, Any] = {"syslog": address}
    if transport is not None:
        made["transport"] = [transport]
    if is_open:
        made["allow_remote"] = True
        settings.note(key, "can be reached from other machines: think of `tls`")
    return made


def _text(settings: Settings, made: dict[str, Any]) -> None:
    """How its bytes become events."""
    encoding = settings.take("encoding")
    if encoding is not None and encoding != "plain":
        made["encoding"] = _ENCODINGS.get(str(encoding), str(encoding))
    if settings.take_below("json"):
        made["format"] = "json"
    multiline = {**settings.take_below("multiline"), **_parsers(settings, made)}
    if multiline:
        section = _multiline(settings, multiline)
        if section is not None and "syslog" not in made:
            made["multiline"] = section
    for name, action in (("exclude_lines", "drop"), ("include_lines", "keep")):
        _line_rules(settings, made, name, action)


def _parsers(settings: Settings, made: dict[str, Any]) -> dict[str, Any]:
    """The parsers of a filestream; gives the settings of its multiline parser."""
    multiline: dict[str, Any] = {}
    for parser in as_list(settings.take("parsers")):
        name = (
            next(iter(parser.values), "").partition(".")[0] if isinstance(parser, Located) else ""
        )
        if name == "multiline":
            multiline = {k.partition(".")[2]: value for k, value in parser.values.items()}
        elif name == "ndjson":
            made["format"] = "json"
        elif name not in {"container", "syslog"}:
            settings.note("parsers", f"has {name!r}, which is not translated")
    return multiline


def _multiline(settings: Settings, values: dict[str, Any]) -> dict[str, Any] | None:
    if values.get("type", "pattern") != "pattern" or "pattern" not in values:
        settings.note("multiline", "is not by pattern: `multiline: auto` joins stack traces itself")
        return None
    section: dict[str, Any] = {"pattern": str(values["pattern"])}
    if values.get("negate"):
        section["negate"] = True
    section["match"] = str(values.get("match", "after"))
    if "max_lines" in values:
        section["max_lines"] = values["max_lines"]
    seconds = _seconds(values.get("timeout"))
    if seconds:
        section["timeout_s"] = seconds
    for name in sorted(
        values.keys() - {"type", "pattern", "negate", "match", "max_lines", "timeout"}
    ):
        settings.note(f"multiline.{name}", "is not translated")
    return section


def _line_rules(settings: Settings, made: dict[str, Any], name: str, action: str) -> None:
    """Levels can be said as a rule; other expressions over raw lines cannot."""
    patterns = [str(pattern) for pattern in as_list(settings.take(name))]
    if not patterns:
        return
    levels = [_LEVELS.get(pattern.strip("^$ \\b[]:").upper()) for pattern in patterns]
    if all(levels):
        known = " OR ".join(f"level:{level}" for level in dict.fromkeys(levels))
        made.setdefault("rules", []).append({action: known})
        settings.note(name, "became a rule on the level of the event instead of its text")
    else:
        settings.note(name, f"is not translated: write a rule, such as `{action}: message:word`")


def _added(settings: Settings, made: dict[str, Any], notes: list[Note], common: Processed) -> None:
    """Fields, tags and processors."""
    mine = processors_of(as_list(settings.take("processors")), notes)
    under_root = settings.take("fields_under_root", default=False)
    fields = settings.take_below("fields")
    if fields and not under_root:
        settings.note("fields", "become fields of their own, without `fields.` in front")
    tags = [*as_list(common.fields.get("tags")), *as_list(settings.take("tags"))]
    everything: dict[str, Any] = {**common.fields, **mine.fields, **fields}
    if tags:
        everything["tags"] = tags
    service = everything.pop("service.name", None) or everything.pop("service", None)
    if service is not None:
        made["service"] = reference(str(service))
    if everything:
        made["fields"] = {name: _plain(value) for name, value in everything.items()}
    if mine.rules:
        made.setdefault("rules", []).extend(mine.rules)
    text = mine.text or common.text
    if "format" not in made:
        made |= text
    elif text and text != {"format": made["format"]}:
        settings.note("format", f"is {made['format']}: processor {text['format']} is left out")


def _plain(value: Any) -> Any:  # noqa: ANN401 - YAML is of any shape
    if isinstance(value, str):
        return reference(value)
    if isinstance(value, Located):
        return {name: _plain(part) for name, part in value.values.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    return value


def _glob(pattern: str) -> str | None:
    """A regular expression over paths as a glob, when it is simple enough."""
    body = pattern.strip()
    front = "" if body.startswith("^") else "*"
    back = "" if body.endswith("$") and not body.endswith("\\$") else "*"
    body = body.removeprefix("^").removesuffix("$")
    text = re.sub(r"\\([.\-_/])", r"\1", body.replace(".*", "*"))
    if re.search(r"[\\^$+?()\[\]{}|]", text) or re.search(r"(?<!\\)\.(?!\*)", body):
        return None
    return f"{front}{text}{back}".replace("**", "*")


def _seconds(value: object) -> float | None:
    """A duration as Go writes it, in seconds; None for none."""
    try:
        return parse_duration(str(value)).total_seconds()
    except ValueError:
        return None
