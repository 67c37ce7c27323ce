"""What do the filters of Logstash make of one input's section?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from logboom.importing.logstash_conditions import field_name, query_of
from logboom.importing.logstash_inputs import Made
from logboom.importing.logstash_scanner import Token
from logboom.importing.logstash_syntax import (
    Branch,
    Comparison,
    Condition,
    Joined,
    Negation,
    Plugin,
    Step,
)
from logboom.importing.translation import Note, Settings, as_dict, as_list, reference

_OWN_WAY = (
    "id", "enable_metric", "tag_on_failure", "tag_on_timeout", "timeout_millis", "break_on_match",
    "named_captures_only", "keep_empty_captures", "ecs_compatibility", "periodic_flush", "overwrite",
    "skip_on_invalid_json", "add_metric", "locale",
)  # fmt: skip
_TEXTS = {"grok", "dissect", "json", "kv", "csv", "syslog_pri"}
_KNOWN_TIMES = frozenset({"ISO8601", "UNIX", "UNIX_MS", "TAI64N"})


def filtered(made: Made, steps: Sequence[Step], notes: list[Note], where: str = "") -> None:
    """Adds to an input's section what the filters do with its events.

    Args:
        made: The input.
        steps: Of the filter section, or of a branch in it.
        notes: Where notes go.
        where: Query for the events that come to these steps; empty for all.
    """
    for step in steps:
        if isinstance(step, Branch):
            _branch(made, step, notes, where)
        else:
            _filter(made, step, notes, where)


def _branch(made: Made, branch: Branch, notes: list[Note], where: str) -> None:
    """Branches over the input's own type and tags are decided here; others become queries."""
    before: list[str] = [where] if where else []
    for condition, steps in branch.arms:
        is_true = True if condition is None else _decided(condition, made)
        if is_true is False:
            continue
        if condition is not None and is_true is None:
            query = query_of(condition)
            if query is None:
                notes.append(Note(branch.line, "filter: the condition is not translated"))
                _untranslated(steps, notes)
                return
            filtered(made, steps, notes, _all([*before, query]))
            before.append(f"NOT ({query})")
            continue
        filtered(made, steps, notes, _all(before))
        return


def _untranslated(steps: Sequence[Step], notes: list[Note]) -> None:
    notes += [
        Note(step.line, f"filter {step.name}: is not translated")
        for step in steps
        if isinstance(step, Plugin)
    ]


def _all(queries: Sequence[str]) -> str:
    return queries[0] if len(queries) == 1 else " AND ".join(f"({query})" for query in queries)


def _decided(condition: Condition, made: Made) -> bool | None:
    """Whether a condition is true for all events of an input; None when that depends."""
    if isinstance(condition, Negation):
        inner = _decided(condition.inner, made)
        return None if inner is None else not inner
    if isinstance(condition, Joined):
        parts = {_decided(part, made) for part in condition.parts}
        if set(condition.words) == {"and"}:
            return False if False in parts else None if None in parts else True
        if set(condition.words) == {"or"}:
            return True if True in parts else None if None in parts else False
        return None
    return _compared(condition, made)


def _compared(condition: Comparison, made: Made) -> bool | None:
    left, right = condition.left, condition.right
    if isinstance(right, Token) and right.text == "[tags]" and left.kind == "string":
        return True if left.text in made.tags else None
    if left.text != "[type]" or made.kind is None:
        return None
    if isinstance(right, Token) and right.kind == "string":
        return {"==": made.kind == right.text, "!=": made.kind != right.text}.get(condition.sign)
    if condition.sign == "in" and right is not None and not isinstance(right, Token):
        return made.kind in {token.text for token in right}
    return True if not condition.sign else None


def _filter(made: Made, plugin: Plugin, notes: list[Note], where: str) -> None:
    settings = Settings(
        plugin.values, plugin.lines, f"filter {plugin.name}", notes, line=plugin.line
    )
    section = made.section
    if plugin.name in _TEXTS and (where or section.get("format", "auto") != "auto"):
        why = "depends on the event" if where else "is the second way to parse the text"
        which = f"{why}, for the input {_shown(section)}"
        notes.append(Note(plugin.line, f"filter {plugin.name}: is not translated: it {which}"))
        return
    makers = {
        "grok": _grok, "dissect": _dissect, "json": _json, "kv": _kv, "csv": _csv, "date": _date,
        "mutate": _mutate, "drop": _drop,
    }  # fmt: skip
    make = makers.get(plugin.name)
    if make is None:
        notes.append(Note(plugin.line, f"filter {plugin.name}: is not translated"))
        return
    make(settings, section, where)
    _common(settings, section, where)
    settings.ignore([name for name in _OWN_WAY if name in settings], "it is not needed here")
    settings.finish()


def _shown(section: dict[str, Any]) -> str:
    """What a reader knows an input by: its first setting, which says where it reads."""
    name, value = next(iter(section.items()), ("", ""))
    values = value if isinstance(value, list) else [value]
    return f"{name} {', '.join(map(str, values))}".strip()


def _add(section: dict[str, Any], rule: dict[str, Any], where: str) -> None:
    section.setdefault("rules", []).append({**rule, "where": where} if where else rule)


def _common(settings: Settings, section: dict[str, Any], where: str) -> None:
    """What every filter can do besides its own work."""
    added = settings.take("add_field")
    if isinstance(added, dict):
        _set(settings, "add_field", added, section, where)
    removed = [field_name(str(name)) for name in as_list(settings.take("remove_field"))]
    kept = [name for name in removed if name != "message"]
    if len(kept) < len(removed):
        settings.note("remove_field", "has `message`, which every event keeps")
    if kept:
        _add(section, {"remove": kept}, where)


def _set(
    settings: Settings, name: str, added: dict[str, Any], section: dict[str, Any], where: str
) -> None:
    plain = {k: v for k, v in added.items() if "%{" not in f"{k}{v}"}
    if len(plain) < len(added):
        settings.note(name, "has values with %{…}, which are not translated")
    if plain:
        values = {
            field_name(str(k)): reference(v) if isinstance(v, str) else v for k, v in plain.items()
        }
        _add(section, {"set": values}, where)


def _grok(settings: Settings, section: dict[str, Any], _where: str) -> None:
    match = settings.take("match", {})
    if isinstance(match, list):  # the old form: name, pattern, name, pattern
        match = dict(zip(map(str, match[::2]), match[1::2], strict=False))
    match = as_dict(match)
    patterns = [str(pattern) for pattern in as_list(match.pop("message", None))]
    for name in match:
        settings.note("match", f"parses {name!r}: only the text itself is parsed")
    if patterns:
        section |= {"format": "grok", "patterns": patterns}
    definitions = as_dict(settings.take("pattern_definitions"))
    if definitions:
        section["pattern_definitions"] = {str(k): str(v) for k, v in definitions.items()}
    folders = [reference(str(folder)) for folder in as_list(settings.take("patterns_dir"))]
    if folders:
        section["pattern_folders"] = folders
    if settings.take("target") is not None:
        settings.note("target", "is not translated")


def _dissect(settings: Settings, section: dict[str, Any], _where: str) -> None:
    mapping = as_dict(settings.take("mapping"))
    pattern = mapping.pop("message", None)
    if pattern is not None:
        section |= {"format": "dissect", "patterns": [str(pattern)]}
    for name in mapping:
        settings.note("mapping", f"parses {name!r}: only the text itself is parsed")


def _json(settings: Settings, section: dict[str, Any], _where: str) -> None:
    if settings.take("source", "message") == "message":
        section["format"] = "json"
    else:
        settings.note("source", "is not the text itself, and is not translated")
    if settings.take("target") is not None:
        settings.note("target", "is not translated: fields go to their own places")


def _kv(settings: Settings, section: dict[str, Any], _where: str) -> None:
    if settings.take("source", "message") == "message":
        section["format"] = "keyvalue"
    else:
        settings.note("source", "is not the text itself, and is not translated")


def _csv(settings: Settings, section: dict[str, Any], _where: str) -> None:
    if settings.take("source", "message") != "message":
        settings.note("source", "is not the text itself, and is not translated")
        return
    section["format"] = "csv"
    separator = settings.take("separator")
    if separator is not None and str(separator) != ",":
        section["delimiter"] = str(separator)
    columns = [str(column) for column in as_list(settings.take("columns"))]
    if columns:
        section["columns"] = columns
    settings.ignore(("skip_header", "autodetect_column_names"), "a head line is recognised")


def _date(settings: Settings, section: dict[str, Any], where: str) -> None:
    _source, *forms = [str(part) for part in as_list(settings.take("match"))] or [""]
    own = [form for form in forms if form not in _KNOWN_TIMES]
    if where or settings.take("target", "@timestamp") != "@timestamp":
        settings.note("match", "is not translated: it is not the time of every event")
        return
    if own:
        section["timestamp_format"] = [*section.get("timestamp_format", []), *own]
    zone = settings.take("timezone")
    if zone is not None:
        section["zone"] = str(zone)


def _mutate(settings: Settings, section: dict[str, Any], where: str) -> None:
    renamed = settings.take("rename")
    if isinstance(renamed, dict):
        names = {field_name(str(old)): field_name(str(new)) for old, new in renamed.items()}
        _add(section, {"rename": names}, where)
    for name in ("replace", "update"):
        changed = settings.take(name)
        if isinstance(changed, dict):
            _set(settings, name, changed, section, where)


def _drop(settings: Settings, section: dict[str, Any], where: str) -> None:
    part = settings.take("percentage")
    if isinstance(part, int | float):
        sample: dict[str, Any] = {"rate": round(1 - float(part) / 100, 6)}
        if where:
            sample["where"] = where
        section.setdefault("rules", []).append({"sample": sample})
    elif where:
        section.setdefault("rules", []).append({"drop": where})
    else:
        settings.note("drop", "has no condition, and would drop everything: it is left out")
