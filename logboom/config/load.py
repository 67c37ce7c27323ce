"""How does a file become a configuration: reading, environment, short forms, errors that teach."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import yaml
from pydantic import ValidationError

from logboom.config.mistakes import sentences_of
from logboom.config.model import Config
from logboom.config.yaml_mistakes import yaml_mistake
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
        raise yaml_mistake(error, origin=str(path)) from error
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
        lines = sentences_of(error, Config, whole="the configuration")
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
