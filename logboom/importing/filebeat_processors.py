"""What do Filebeat's processors say in our terms?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from logboom.importing.located import Located
from logboom.importing.translation import Note, as_list

_OURS_ANYWAY = frozenset(
    {"add_host_metadata", "add_observer_metadata", "add_docker_metadata", "add_kubernetes_metadata"}
)


@dataclass(slots=True)
class Processed:
    """What processors come to.

    Attributes:
        fields: That are added to events.
        rules: Of ours, in their order.
        text: Settings of an input: how its text is parsed; they belong together.
    """

    fields: dict[str, Any] = field(default_factory=dict)
    rules: list[dict[str, Any]] = field(default_factory=list)
    text: dict[str, Any] = field(default_factory=dict)


def processors_of(entries: list[Any], notes: list[Note]) -> Processed:
    """Translates a list of processors.

    Args:
        entries: Of the file.
        notes: Where notes go.
    """
    found = Processed()
    for entry in entries:
        if not isinstance(entry, Located) or not entry.values:
            continue
        name = next(iter(entry.values)).partition(".")[0]
        values = {key.partition(".")[2]: value for key, value in entry.values.items()}
        if not _one(name, values, found):
            why = (
                "is left out: the host and the container are in every event"
                if name in _OURS_ANYWAY
                else "is not translated"
            )
            notes.append(Note(entry.line, f"processor {name}: {why}"))
    return found


def _one(name: str, values: dict[str, Any], found: Processed) -> bool:
    where = _where(values)
    if where is None:
        return False
    if name == "drop_event" and where:
        found.rules.append({"drop": where})
    elif name == "drop_fields":
        found.rules.append(
            _ruled({"remove": [str(f) for f in as_list(values.get("fields"))]}, where)
        )
    elif name == "rename":
        pairs = [
            entry.values for entry in as_list(values.get("fields")) if isinstance(entry, Located)
        ]
        names = {str(pair.get("from")): str(pair.get("to")) for pair in pairs}
        found.rules.append(_ruled({"rename": names}, where))
    elif name in {"add_fields", "add_labels", "add_tags"} and not where:
        found.fields |= _added(name, values)
    else:
        text = {} if where or found.text else _text(name, values)
        found.text |= text
        return bool(text)
    return True


def _text(name: str, values: dict[str, Any]) -> dict[str, Any]:
    """How a processor takes the message apart; nothing for one that does something else."""
    tokenizer = str(values.get("tokenizer") or "")
    if name == "dissect" and tokenizer and str(values.get("field", "message")) == "message":
        return {"format": "dissect", "patterns": [tokenizer]}
    if name == "decode_json_fields" and "message" in as_list(values.get("fields")):
        return {"format": "json"}
    return {}


def _ruled(rule: dict[str, Any], where: str) -> dict[str, Any]:
    return {**rule, "where": where} if where else rule


def _added(name: str, values: dict[str, Any]) -> dict[str, Any]:
    if name == "add_tags":
        return {"tags": as_list(values.get("tags"))}
    kind = "fields" if name == "add_fields" else "labels"
    target = values.get("target", "" if name == "add_fields" else "labels")
    front = f"{target}." if target else ""
    return {
        f"{front}{key.removeprefix(f'{kind}.')}": value
        for key, value in values.items()
        if key.startswith(f"{kind}.")
    }


def _where(values: dict[str, Any]) -> str | None:
    """The condition of a processor as a query; empty without one, None when none can say it."""
    conditions = {
        key.removeprefix("when."): value for key, value in values.items() if key.startswith("when.")
    }
    if not conditions:
        return ""
    parts = [_condition(key, value) for key, value in conditions.items()]
    return None if None in parts else " AND ".join(filter(None, parts))


def _condition(key: str, value: Any) -> str | None:  # noqa: ANN401 - YAML is of any shape
    kind, _, name = key.partition(".")
    if kind == "not" and name:
        inner = _condition(name, value)
        return None if inner is None else f"NOT {inner}"
    if kind in {"or", "and"} and not name:
        inner_parts = [part for entry in as_list(value) for part in _all(entry)]
        if not inner_parts or None in inner_parts:
            return None
        return f"({f' {kind.upper()} '.join(filter(None, inner_parts))})"
    if kind == "has_fields":
        return " AND ".join(f"_exists_:{entry}" for entry in as_list(value)) or None
    return _comparison(kind, name, value)


def _comparison(kind: str, name: str, value: Any) -> str | None:  # noqa: ANN401 - YAML is of any shape
    if kind == "equals" and name:
        return f"{name}:{quoted(value)}"
    field_name, _, bound = name.rpartition(".")
    sign = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}.get(bound)
    is_range = kind == "range" and sign is not None and field_name
    return f"{field_name}:{sign}{value}" if is_range else None


def _all(entry: Any) -> Iterator[str | None]:  # noqa: ANN401 - YAML is of any shape
    if isinstance(entry, Located):
        for key, value in entry.values.items():
            yield _condition(key, value)
    else:
        yield None


def quoted(value: object) -> str:
    """A value in a query."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
