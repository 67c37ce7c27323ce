"""How does a file become a configuration: reading, environment, short forms, errors that teach."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote, urlsplit, urlunsplit

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from logboom.config.model import Config
from logboom.config.yaml_text import read_yaml
from logboom.errors import ConfigError

_REFERENCE = re.compile(r"\$\{(?:file:(?P<file>[^}]+)|(?P<name>\w+)(?::-(?P<default>[^}]*))?)\}")


def read_config(path: Path, environment: Mapping[str, str]) -> Config:
    """Reads a configuration file.

    Args:
        path: A YAML file.
        environment: What `${NAME}` is taken from.

    Raises:
        ConfigError: One that names the file, the key, and the mend.
    """
    return from_mapping(read_mapping(path, environment), origin=str(path))


def read_mapping(path: Path, environment: Mapping[str, str]) -> dict[str, Any]:
    """Reads a configuration file, fills in the environment, and expands the short forms.

    Raises:
        ConfigError: When the file cannot be read, is no YAML, or names what is not there.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"cannot be read: {reason}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError("is not UTF-8 text", where=str(path)) from error
    try:
        content = read_yaml(text)
    except yaml.YAMLError as error:
        raise ConfigError(_yaml_trouble(error), where=_yaml_place(path, error)) from error
    if content is None:
        content = {}
    if not isinstance(content, dict):
        raise ConfigError("must be a mapping of settings", where=str(path))
    try:
        return expand(_fill_in(content, environment, ""))
    except ConfigError as error:
        where = str(path) if error.where is None else f"{path}: {error.where}"
        raise ConfigError(error.what, where=where, mend=error.mend) from error


def from_mapping(content: Mapping[str, Any], *, origin: str) -> Config:
    """Checks a mapping whose references and short forms are resolved already.

    Args:
        content: What `read_mapping` or `expand` gave.
        origin: The file it came from, for messages.

    Raises:
        ConfigError: All mistakes in one message, one line each.
    """
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        details = error.errors(include_url=False)
        sentences = [_sentence(detail) for detail in details if not _is_beside(detail, details)]
        lines = _alternatives_joined(sentences)
        raise ConfigError("\n".join(f"{origin}: {line}" for line in lines)) from None


def expand(content: Mapping[str, Any]) -> dict[str, Any]:
    """Expands the short forms: `broker: kafka://…`, `store: https://…`, `retention: 90d`, and so on.

    Every part of which there are several kinds gets a key `kind` that says which one is meant.

    Raises:
        ConfigError: When a short form is none that exists.
    """
    expanded = dict(content)
    if "broker" in expanded:
        expanded["broker"] = _broker_section(expanded["broker"])
    if "store" in expanded:
        expanded["store"] = _store_section(expanded["store"])
    if isinstance(expanded.get("retention"), str | int | float):
        expanded["retention"] = {"keep": expanded["retention"]}
    if isinstance(expanded.get("alerts"), str | list):
        rules = expanded["alerts"]
        expanded["alerts"] = {"rules": [rules] if isinstance(rules, str) else rules}
    inputs = expanded.get("inputs")
    if isinstance(inputs, dict):
        inputs = [inputs]
    if isinstance(inputs, list):
        expanded["inputs"] = [_input_section(section) for section in inputs]
    return expanded


def _input_section(value: object) -> object:
    if isinstance(value, str):
        return {"kind": "file", "path": value}
    if not isinstance(value, dict):
        return value
    kind = next((name for name in ("stdin", "http", "syslog") if name in value), "file")
    return {"kind": kind, **value}


def _broker_section(value: object) -> object:
    if isinstance(value, str) and value.startswith("kafka://"):
        addresses = value.removeprefix("kafka://").strip("/").split(",")
        bootstrap = [address for address in addresses if address.strip()]
        return {"kind": "kafka", "bootstrap": bootstrap}
    mend = "write local, kafka://HOST:PORT,HOST:PORT or a section {kafka: {bootstrap: […]}}"
    return _section(value, "broker", ("local", "kafka"), mend)


def _store_section(value: object) -> object:
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return _elasticsearch_urls(value.split(","))
    mend = "write local, https://HOST:PORT or a section {elasticsearch: {urls: […]}}"
    return _section(value, "store", ("local", "elasticsearch"), mend)


def _elasticsearch_urls(urls: list[str]) -> dict[str, Any]:
    section: dict[str, Any] = {"kind": "elasticsearch", "urls": []}
    for url in urls:
        try:
            parts = urlsplit(url.strip())
        except ValueError:
            section["urls"].append(url)  # told when the section is checked
            continue
        if parts.username is not None:
            section["username"] = unquote(parts.username)
            section["password"] = unquote(parts.password or "")
        host = parts.netloc.rpartition("@")[2]
        section["urls"].append(urlunsplit((parts.scheme, host, parts.path, "", "")))
    return section


def _section(value: object, where: str, kinds: tuple[str, ...], mend: str) -> object:
    if isinstance(value, str) and value in kinds and value == "local":
        return {"kind": value}
    if isinstance(value, dict) and "kind" in value:
        return value
    if isinstance(value, dict) and len(value) == 1:
        kind, section = next(iter(value.items()))
        if kind in kinds and isinstance(section, dict | None):
            return {"kind": kind, **(section or {})}
    raise ConfigError(f"{_shown(value)} is no {where}", where=where, mend=mend)


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else "this section"


def _fill_in(value: Any, environment: Mapping[str, str], where: str) -> Any:  # noqa: ANN401 - YAML is of any shape
    if isinstance(value, dict):
        return {
            key: _fill_in(part, environment, f"{where}.{key}" if where else str(key))
            for key, part in value.items()
        }
    if isinstance(value, list):
        return [_fill_in(part, environment, f"{where}[{n}]") for n, part in enumerate(value)]
    if isinstance(value, str) and "${" in value:
        return _REFERENCE.sub(lambda match: _referenced(match, environment, where), value)
    return value


def _referenced(match: re.Match[str], environment: Mapping[str, str], where: str) -> str:
    file, name, default = match.group("file", "name", "default")
    if file is not None:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"{file} cannot be read: {reason}", where=where) from error
    if name in environment:
        return environment[name]
    if default is not None:
        return default
    raise ConfigError(
        f"the environment has no {name}",
        where=where,
        mend=f"set {name}, or write ${{{name}:-a default}}",
    )


def _yaml_trouble(error: yaml.YAMLError) -> str:
    problem = getattr(error, "problem", None) or str(error)
    return f"is not valid YAML: {problem}" if problem else "is not valid YAML"


def _yaml_place(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return str(path) if mark is None else f"{path}:{mark.line + 1}:{mark.column + 1}"


def _sentence(detail: ErrorDetails) -> str:
    path = _path(detail["loc"])
    where = _dotted(path)
    if detail["type"] == "extra_forbidden":
        known = _known_keys(detail["loc"])
        near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"
        return f"{where}: there is no such setting ({hint})"
    if detail["type"] == "missing":
        return f"{where}: is missing"
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
    """Whether it says that a section is no word, where another one says what is wrong inside."""
    loc = detail["loc"]
    return (
        bool(loc)
        and _is_inner(loc[-1])
        and any(
            other["loc"][: len(loc) - 1] == loc[:-1] and len(other["loc"]) > len(loc)
            for other in others
        )
    )


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
    message = detail["msg"].removeprefix("Value error, ")
    return _MICROSECONDS.sub(r"\1ms", message.replace("Input should be", "must be"))


_MICROSECONDS = re.compile(r"\b(\d+)000 microseconds")
_KIND_AT: Mapping[int | str, int] = {"inputs": 2, "broker": 1, "store": 1}
_WANTED: Mapping[str, str] = {
    "model": "a section of settings", "dict": "a section of settings", "list": "a list",
    "string": "a text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "path": "a path",
}  # fmt: skip
_KINDS = frozenset({"file", "stdin", "http", "syslog", "local", "kafka", "elasticsearch"})


def _known_keys(loc: tuple[int | str, ...]) -> list[str]:
    models: list[type[BaseModel]] = [Config]
    for part in loc[:-1]:
        if part in _KINDS and all("kind" in model.model_fields for model in models):
            models = [m for m in models if m.model_fields["kind"].default == part]
        elif isinstance(part, str) and not _is_inner(part):
            annotations = [
                m.model_fields[part].annotation for m in models if part in m.model_fields
            ]
            models = [model for a in annotations for model in _models_in(a)]
    return [
        field.alias or name
        for model in models
        for name, field in model.model_fields.items()
        if name != "kind"
    ]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - annotations are of any shape
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for member in get_args(annotation):
        yield from _models_in(member)


def _dotted(path: list[int | str]) -> str:
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "the configuration"


def process_environment() -> Mapping[str, str]:
    """The environment of this process, for the one place that reads the configuration."""
    return os.environ
