"""What do rules of Prometheus over our own metrics say in our terms?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from logboom.importing.located import Located, read_located
from logboom.importing.promql import FIELDS, NotTranslatable, label_of
from logboom.importing.promql_joined import translate_joined
from logboom.importing.translation import Note, Translation, as_list
from logboom.severities import OTHER_WORDS, SEVERITIES

_SEVERITIES: Final = frozenset({*SEVERITIES, *OTHER_WORDS})
_FILTERS: Final = {
    "humanizePercentage": "percent", "humanize": "number", "humanizeDuration": "duration",
}  # fmt: skip
_PLACE: Final = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_SAID: Final = re.compile(
    r"\$(value|labels\.(\w+))(?:\s*\|\s*(\w+))?\Z|printf \"[^\"]*\" \$(value)\Z"
)


def import_alert_rules(text: str, *, origin: str) -> Translation:
    """Translates rules of Prometheus.

    Args:
        text: Of the file.
        origin: Its name, for errors.

    Returns:
        A file of rules; what could not be translated is in the notes.

    Raises:
        ConfigError: It is no YAML.
    """
    located = read_located(text, origin=origin)
    notes: list[Note] = []
    groups = []
    for entry in as_list(located.values.get("groups")):
        if isinstance(entry, Located):
            made = _group(entry, notes)
            groups += [made] if made["rules"] else []
    if not groups:
        notes.append(Note(0, "there is no rule that could be translated"))
    return Translation({"groups": groups}, sorted(notes, key=lambda note: note.line))


def _group(entry: Located, notes: list[Note]) -> dict[str, Any]:
    group: dict[str, Any] = {"name": _name_of(entry.values.get("name", "imported"))}
    interval = entry.values.get("interval")
    if interval is not None:
        group["every"] = str(interval)
    rules: list[dict[str, Any]] = []
    for rule in as_list(entry.values.get("rules")):
        if isinstance(rule, Located):
            known = {str(made["alert"]) for made in rules}
            rules += [_named_apart(made, known, rule, notes) for made in _rule(rule, notes)]
    group["rules"] = rules
    return group


def _name_of(value: object) -> str:
    """The same name without what names have not here."""
    return " ".join(str(value).split()).replace("/", "-").replace("#", "-")


def _named_apart(
    made: dict[str, Any], known: set[str], rule: Located, notes: list[Note]
) -> dict[str, Any]:
    """A rule of a name that another one of its group has gets its severity or a number behind it."""
    name = str(made["alert"])
    if name not in known:
        return made
    severity = made.get("labels", {}).get("severity")
    names = [f"{name}-{severity}"] if severity else []
    names += [f"{name}-{number}" for number in range(2, len(known) + 3)]
    chosen = next(one for one in names if one not in known)
    why = f"another rule of its group is called {name}, too: this one is called {chosen}"
    notes.append(Note(rule.line, f"{why}; mend matchers of alertname that meant both"))
    return {**made, "alert": chosen}


def _rule(rule: Located, notes: list[Note]) -> Iterator[dict[str, Any]]:
    name = _name_of(rule.values.get("alert", ""))
    if not name:
        recorded = rule.values.get("record", "a rule without a name")
        notes.append(Note(rule.line, f"{recorded} records a series: our rules measure events"))
        return
    try:
        asked = translate_joined(str(rule.values.get("expr", "")))
    except NotTranslatable as why:
        notes.append(Note(rule.lines.get("expr", rule.line), f"{name} {why}"))
        return
    made: dict[str, Any] = {"alert": name, "when": asked.when, "over": asked.over}
    if asked.by:
        made["by"] = list(asked.by)
    if asked.where:
        made["where"] = asked.where
    for key in ("for", "keep_firing_for"):
        if key in rule.values:
            made[key] = str(rule.values[key])
    labels = _labels(rule, name, notes)
    annotations = _annotations(rule, name, asked.by, notes)
    yield {
        **made,
        **({"labels": labels} if labels else {}),
        **({"annotations": annotations} if annotations else {}),
    }


def _labels(rule: Located, name: str, notes: list[Note]) -> dict[str, str]:
    labels = {}
    for key, value in _below(rule, "labels"):
        if key == "severity" and value not in _SEVERITIES:
            notes.append(
                Note(rule.lines[f"labels.{key}"], f"{name} has severity {value}: medium is taken")
            )
            value = "medium"  # noqa: PLW2901 - what is said there has no counterpart
        if "{{" in value:
            line = rule.lines[f"labels.{key}"]
            notes.append(Note(line, f"the label {key} of {name} is a template: it is left out"))
            continue
        labels[label_of(key)] = value
    return labels


def _annotations(
    rule: Located, name: str, by: tuple[str, ...], notes: list[Note]
) -> dict[str, str]:
    annotations = {}
    for key, value in _below(rule, "annotations"):
        try:
            annotations[key] = _PLACE.sub(lambda match: _said(match[1], by), value)
        except NotTranslatable as why:
            line = rule.lines[f"annotations.{key}"]
            notes.append(Note(line, f"the {key} of {name} {why}: it is left out"))
    return annotations


def _said(text: str, by: tuple[str, ...]) -> str:
    match = _SAID.match(text)
    if match is None:
        raise NotTranslatable(f"has {{{{ {text} }}}}")
    filter_ = match[3]
    if filter_ is not None and filter_ not in _FILTERS:
        raise NotTranslatable(f"has the function {filter_}")
    label = match[2]
    if label is not None and FIELDS.get(label) not in by:
        raise NotTranslatable(f"names the label {label}, which the alert does not have")
    what = "value" if label is None else FIELDS[label]
    suffix = f" | {_FILTERS[filter_]}" if filter_ is not None else ""
    return f"{{{{ {what}{suffix or (' | number' if what == 'value' else '')} }}}}"


def _below(rule: Located, prefix: str) -> Iterator[tuple[str, str]]:
    front = f"{prefix}."
    for key, value in rule.values.items():
        if key.startswith(front):
            yield key.removeprefix(front), str(value)
