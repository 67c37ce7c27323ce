"""How are mistakes in a file of settings told: what is wrong, where, and which key is nearest?"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from logboom.config.units import IS_SIZE, byte_text, duration_text


def sentences_of(
    error: ValidationError,
    model: type[BaseModel],
    *,
    whole: str,
    hints: Mapping[str, str] | None = None,
) -> list[str]:
    """All mistakes of a file, a sentence each.

    Args:
        error: What the model says of it.
        model: Of the whole file.
        whole: What the file is called where it is wrong as a whole.
        hints: What is said of keys that belong elsewhere.
    """
    details = error.errors(include_url=False)
    sentences = [
        _sentence(detail, model, whole, hints or {})
        for detail in details
        if not _is_beside(detail, details)
    ]
    return _alternatives_joined(sentences)


def _sentence(
    detail: ErrorDetails, model: type[BaseModel], whole: str, hints: Mapping[str, str]
) -> str:
    path = _path(detail["loc"])
    where = _dotted(path) or whole
    if detail["type"] == "extra_forbidden":
        known = _known_keys(detail["loc"], model)
        near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
        return f"{where}: there is no such setting ({hints.get(str(path[-1]), hint)})"
    if detail["type"] == "missing":
        return f"{where}: is missing"
    if detail["type"] == "string_pattern_mismatch":
        return f"{where}: {_wanted_form(detail['loc'], model)}"
    if detail["type"] in _BOUNDS:
        return f"{where}: must be {_BOUNDS[detail['type']][0]} {_bound(detail, model)}"
    return f"{where}: {_in_words(detail)}"


def _alternatives_joined(sentences: Sequence[str]) -> list[str]:
    """What one place may be, each on a line of its own, as one sentence."""
    wanted: dict[str, str] = {}
    for sentence in sentences:
        where, must, what = sentence.partition(": must be ")
        place = f"{where}{must}"
        wanted[place] = f"{wanted[place]}, or {what}" if must and place in wanted else what
    return [f"{place}{what}" for place, what in wanted.items()]


def _is_beside(detail: ErrorDetails, others: Iterable[ErrorDetails]) -> bool:
    """Whether it says that a section is no word, where another one says what is wrong with it."""
    loc = detail["loc"]
    return (
        bool(loc)
        and _is_inner(loc[-1])
        and any(
            other["loc"][: len(loc) - 1] == loc[:-1]
            and (len(other["loc"]) > len(loc) or _is_of_a_whole_section(other))
            and other is not detail
            for other in others
        )
    )


def _is_of_a_whole_section(detail: ErrorDetails) -> bool:
    """Whether its settings are right each, but not together."""
    return detail["type"] == "value_error" and str(detail["loc"][-1]).startswith("function-after")


def _path(loc: tuple[int | str, ...]) -> list[int | str]:
    """A place without the kinds of sections and what the library has between."""
    kind = _KIND_AT.get(loc[0]) if loc else None
    return [part for n, part in enumerate(loc) if n != kind and not _is_inner(part)]


def _is_inner(part: int | str) -> bool:
    return isinstance(part, str) and part.startswith(("function-", "literal["))


def _in_words(detail: ErrorDetails) -> str:
    what = _WANTED.get(detail["type"].partition("_")[0])
    if what is not None and detail["type"].endswith(("_type", "_parsing", "_from_float")):
        return f"must be {what}"
    least, most = (detail.get("ctx", {}).get(name) for name in ("min_length", "max_length"))
    if detail["type"] in {"too_short", "string_too_short"}:
        return f"must have {least} or more{' characters' if 'string' in detail['type'] else ''}"
    if detail["type"] in {"too_long", "string_too_long"}:
        return f"has more than {most}{' characters' if 'string' in detail['type'] else ''}"
    return detail["msg"].removeprefix("Value error, ").replace("Input should be", "must be")


def _bound(detail: ErrorDetails, model: type[BaseModel]) -> str:
    """What a value must not pass, as it is written in a configuration."""
    _, name = _BOUNDS[detail["type"]]
    for field in _fields_at(detail["loc"], model):
        bounds = (getattr(one, name) for one in field.metadata if hasattr(one, name))
        for bound in bounds:
            if isinstance(bound, timedelta):
                return duration_text(bound)
            if IS_SIZE in field.metadata:
                return byte_text(bound)
    return str(detail.get("ctx", {}).get(name)).removesuffix(".0")


_BOUNDS: Mapping[str, tuple[str, str]] = {
    "greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le"),
    "greater_than": ("more than", "gt"), "less_than": ("less than", "lt"),
}  # fmt: skip
_KIND_AT: Mapping[int | str, int] = {"inputs": 2, "broker": 1, "store": 1}
_WANTED: Mapping[str, str] = {
    "model": "a section of settings", "dict": "a section of settings", "list": "a list",
    "string": "a text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "path": "a path", "time": "a duration, such as 30s",
}  # fmt: skip
_KINDS = frozenset({"file", "stdin", "http", "syslog", "local", "kafka", "elasticsearch"})


def _wanted_form(loc: tuple[int | str, ...], model: type[BaseModel]) -> str:
    """What a text has to look like, in the words of its setting."""
    told = next((field for field in _fields_at(loc, model) if field.description), None)
    if told is None:
        return "is not of the form that it must have"
    example = f" {told.examples[0]}" if told.examples else " this"
    return f"must be like{example} ({str(told.description).rstrip('.')})"


def _fields_at(loc: tuple[int | str, ...], model: type[BaseModel]) -> list[FieldInfo]:
    """The settings that a place may be."""
    path = [part for part in loc if not _is_inner(part)]
    name = str(path[-1]) if path else ""
    known = [m.model_fields for m in _models_at(tuple(path), model)]
    return [fields[name] for fields in known if name in fields]


def _known_keys(loc: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    return [
        field.alias or name
        for model in _models_at(loc, model)
        for name, field in model.model_fields.items()
        if name != "kind"
    ]


def _models_at(loc: tuple[int | str, ...], model: type[BaseModel]) -> list[type[BaseModel]]:
    """The kinds of sections that what is at a place may belong to."""
    models: list[type[BaseModel]] = [model]
    for part in loc[:-1]:
        if part in _KINDS and all("kind" in model.model_fields for model in models):
            models = [m for m in models if m.model_fields["kind"].default == part]
        elif isinstance(part, str) and not _is_inner(part):
            annotations = [
                m.model_fields[part].annotation for m in models if part in m.model_fields
            ]
            models = [model for a in annotations for model in _models_in(a)]
    return models


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - annotations are of any shape
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for member in get_args(annotation):
        yield from _models_in(member)


def _dotted(path: list[int | str]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
