"""Commands that run services: `up`, `ship`, `process`, `api`."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from logboom.cli.options import ConfigOption, DataOption
from logboom.cli.remembered import remember_inputs
from logboom.cli.remote import DEFAULT_URL
from logboom.config import (
    Config,
    HttpInput,
    StdinInput,
    SyslogInput,
    expand,
    from_mapping,
    read_mapping,
)
from logboom.config.units import split_address
from logboom.environment import process_environment
from logboom.errors import AlreadyRunning, ConfigError, is_for_room

_MACHINE_LOGS = "/var/log"
_MOST_TOLD = 5


def register(app: typer.Typer) -> None:
    """Adds the commands to the command line."""
    app.command("up")(up)
    app.command("ship")(ship)
    app.command("process")(process)
    app.command("api")(api)


def up(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders or globs to follow; - reads standard input.", show_default=False
        ),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    port: Annotated[
        int | None, typer.Option(help="Port of the API.", min=1, max=65535, show_default=False)
    ] = None,
) -> None:
    """Runs the whole pipeline on this machine.

    Without paths and without a configuration it follows the machine's own logs.

    Example: logboom up /var/log/app/ --port 7700
    """
    from logboom.up import go_on  # noqa: PLC0415 - not needed for --help

    settings = _settings(config)
    _add_inputs(settings, paths or [], follow_machine=config is None)
    if data is not None:
        settings["data"] = str(data)
    if port is not None:
        settings["api"] = {**settings.get("api", {}), "listen": f"127.0.0.1:{port}"}
    checked = from_mapping(settings, origin=str(config or "logboom up"))
    settings["inputs"] = [*settings["inputs"], _own_logs(checked)]
    checked = from_mapping(settings, origin=str(config or "logboom up"))
    _check_inputs(checked, config)
    lock = asyncio.run(_begin(checked))
    sentences = list(_first_sentences(checked))
    log = _log_path(checked, "supervisor")
    go_on(settings, sentences, log_level=checked.log_level, log=log, lock=lock)


def ship(config: ConfigOption = None) -> None:
    """Runs a shipper: reads the inputs and puts events onto the broker.

    Example: logboom ship -c logboom.yaml
    """
    from shipper.run import run  # noqa: PLC0415 - a service loads only what it needs

    raise typer.Exit(run(_service_config(config, "shipper")))


def process(config: ConfigOption = None) -> None:
    """Runs a processor: takes events from the broker and stores them.

    With `processor.scale` it runs as many as are needed.

    Example: logboom process -c logboom.yaml
    """
    settings, checked = _service_settings(config, "processor")
    if checked.processor.scale is not None:
        from processor.scaling.run import (  # noqa: PLC0415 - a service loads only what it needs
            run as run_several,
        )

        raise typer.Exit(run_several(checked, settings))
    from processor.run import run  # noqa: PLC0415 - a service loads only what it needs

    raise typer.Exit(run(checked))


def api(config: ConfigOption = None) -> None:
    """Runs the search API.

    Example: logboom api -c logboom.yaml
    """
    from search_api.run import run  # noqa: PLC0415 - a service loads only what it needs

    raise typer.Exit(run(_service_config(config, "api")))


def _check_inputs(config: Config, path: Path | None) -> None:
    """What fails when the first file appears, fails at once."""
    from shipper.trying import check_inputs  # noqa: PLC0415 - not needed for --help

    check_inputs(config, origin=str(path or "logboom up"))


def _settings(path: Path | None) -> dict[str, Any]:
    return expand({}) if path is None else read_mapping(path, process_environment())


def _service_config(path: Path | None, service: str) -> Config:
    return _service_settings(path, service)[1]


def _service_settings(path: Path | None, service: str) -> tuple[dict[str, Any], Config]:
    """What a service is to do: as a mapping, for processes that it starts, and checked."""
    from logboom.logs import configure_logging  # noqa: PLC0415 - not needed for --help
    from logboom.supervising import (  # noqa: PLC0415 - not needed for --help
        CONFIG_DESCRIPTOR,
        LOG_TO_STDERR,
    )

    environment = process_environment()
    handed_over = environment.get(CONFIG_DESCRIPTOR)
    if handed_over is not None:
        with os.fdopen(int(handed_over), "rb") as descriptor:
            settings: dict[str, Any] = json.load(descriptor)
        config = from_mapping(settings, origin="logboom up")
        log = None if LOG_TO_STDERR in environment else _log_path(config, service)
        configure_logging(service, config.log_level, log)
        return settings, config
    if path is None:
        raise ConfigError("needs a configuration", mend="name one with -c FILE")
    settings = read_mapping(path, environment)
    config = from_mapping(settings, origin=str(path))
    if service == "shipper":
        _check_inputs(config, path)
    make_folder(config.data)
    configure_logging(service, config.log_level, None)
    return settings, config


@contextmanager
def _told_where(folder: Path) -> Iterator[None]:
    """For failures of writing, of which the system does not say where they were.

    Raises:
        ConfigError: With the data folder as the place.
    """
    try:
        yield
    except OSError as error:
        if not is_for_room(error):
            raise
        raise ConfigError(
            "there is no room to begin in",
            where=str(folder),
            mend="free some space, or choose another folder with --data",
        ) from error


def make_folder(folder: Path) -> None:
    """Makes the data folder, private to its user.

    Raises:
        ConfigError: When that cannot be.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise ConfigError(
            f"cannot be made: {error.strerror}",
            where=str(folder),
            mend="choose another with --data",
        ) from error


def _log_path(config: Config, service: str) -> Path:
    return config.data / "logs" / f"{service}.log"


def _add_inputs(settings: dict[str, Any], paths: list[str], *, follow_machine: bool) -> None:
    inputs = list(settings.get("inputs", []))
    files = [path for path in paths if path != "-"]
    if follow_machine and not paths:
        files = [_MACHINE_LOGS]
    if files:
        inputs.append({"kind": "file", "path": files})
    if "-" in paths:
        inputs.append({"kind": "stdin", "stdin": True})
    settings["inputs"] = inputs


def _own_logs(config: Config) -> dict[str, Any]:
    return {"kind": "file", "path": [str(config.data / "logs" / "*.log")], "format": "json"}


async def _begin(config: Config) -> int:
    """Takes the data folder for as long as this process lives.

    Returns:
        The descriptor that keeps the folder.
    """
    from logboom.clock import SystemClock  # noqa: PLC0415 - not needed for --help
    from logboom.logs import configure_logging  # noqa: PLC0415 - not needed for --help
    from logboom.supervising.folder import take_folder  # noqa: PLC0415 - not needed for --help
    from logboom.up import say  # noqa: PLC0415 - not needed for --help

    make_folder(config.data)
    with _told_where(config.data):
        make_folder(config.data / "logs")
        configure_logging("supervisor", config.log_level, _log_path(config, "supervisor"))
        lock = await take_folder(config.data, SystemClock(), say)
        _check_port_is_free(config)
        await _check_keys(config)
        remember_inputs(config)
    return lock


def _first_sentences(config: Config) -> Iterator[str]:
    """Where everything is, and what is read."""
    yield f"logboom keeps everything in {config.data}"
    yield from _what_is_read(config.model_copy(update={"inputs": config.inputs[:-1]}))
    url = f"{'http' if config.api.tls is None else 'https'}://{config.api.listen}"
    option = "" if url == DEFAULT_URL else f" --url {url}"
    yield f"search at {url}/ or with: {_command()} search 'level:error'{option}"


def _what_is_read(config: Config) -> Iterator[str]:
    """What the inputs name now, in a few lines: how many files, and which are not read and why."""
    from shipper.trying import (  # noqa: PLC0415 - not needed for --help
        WOULD_BE_READ,
        readable_files,
    )

    for section in config.inputs:
        if isinstance(section, StdinInput):
            yield "reading standard input"
            continue
        if isinstance(section, HttpInput):
            scheme = "http" if section.tls is None else "https"
            yield f"receiving _bulk, OTLP and Loki's push at {scheme}://{section.http}"
            continue
        if isinstance(section, SyslogInput):
            yield f"receiving syslog at {section.syslog}"
            continue
        found = list(readable_files(config.model_copy(update={"inputs": [section]})))
        others = [entry for entry in found if not entry[1].startswith(WOULD_BE_READ)]
        good = len(found) - len(others)
        yield f"following {', '.join(section.path)}: {good} files now, and those to come"
        yield from (f"  {path}: {verdict}" for path, verdict in others[:_MOST_TOLD])
        if len(others) > _MOST_TOLD:
            yield f"  and {len(others) - _MOST_TOLD} more that would not be read"


def _command() -> str:
    """How this program was called, so that a line can be copied."""
    called = sys.argv[0]
    return called if Path(called).name == "logboom" else "logboom"


async def _check_keys(config: Config) -> None:
    """What would make the API end again and again, ends all at once."""
    from logboom.clock import SystemClock  # noqa: PLC0415 - not needed for --help
    from logboom.keys.needed import check_keys  # noqa: PLC0415 - not needed for --help
    from logboom.state import open_state  # noqa: PLC0415 - not needed for --help

    if config.api.needs_keys:
        clock = SystemClock()
        state = open_state(config, clock)
        try:
            await check_keys(config, state, clock)
        finally:
            await state.close()


def _check_port_is_free(config: Config) -> None:
    host, port = split_address(config.api.listen)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise AlreadyRunning(
                f"the address cannot be used: {error.strerror}",
                where=config.api.listen,
                mend="choose another with --port or api.listen",
            ) from error
