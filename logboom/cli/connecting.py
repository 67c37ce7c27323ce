"""Does what a configuration names answer? Nothing is made or changed for that."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from logboom.config import Config, ElasticsearchSection, KafkaSection
from logboom.errors import ConfigError, LogboomError


async def connect(config: Config) -> list[str]:
    """Asks the broker and the store, prints who answers, and returns the troubles.

    The embedded ones are not opened, since that would make their folders: it is only looked at
    whether they could be.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """
    problems: list[str] = []
    for name, ask in (("broker", _broker), ("store", _store)):
        try:
            sys.stdout.write(f"{name}: {await ask(config)}\n")
        except ConfigError:
            raise
        except LogboomError as error:
            problems.append(f"{name}: {error}")
    try:
        sys.stdout.write(f"keys: {await _keys(config)}\n")
    except LogboomError as error:
        problems.append(str(error))
    if not _is_writable(config.data):
        problems.append(f"data: {config.data} cannot be written")
    return problems


async def _broker(config: Config) -> str:
    if not isinstance(config.broker, KafkaSection):
        return f"embedded, in {config.data / 'broker'}"
    from logboom.broker import open_broker  # noqa: PLC0415 - not needed for --help

    broker = await open_broker(config)
    try:
        await broker.check()
        return f"{broker.address} answers"
    finally:
        await broker.close()


async def _store(config: Config) -> str:
    if not isinstance(config.store, ElasticsearchSection):
        return f"embedded, in {config.data / 'store'}"
    from logboom.clock import SystemClock  # noqa: PLC0415 - not needed for --help
    from logboom.store import open_store  # noqa: PLC0415 - not needed for --help

    store = await open_store(config, clock=SystemClock())
    try:
        return await store.check()
    finally:
        await store.close()


async def _keys(config: Config) -> str:
    if not config.api.needs_keys:
        return f"none needed on {config.api.listen}"
    from logboom.clock import SystemClock  # noqa: PLC0415 - not needed for --help
    from logboom.keys.needed import check_keys, no_keys  # noqa: PLC0415 - not needed for --help
    from logboom.state import open_state  # noqa: PLC0415 - not needed for --help

    clock, is_local = SystemClock(), not isinstance(config.store, ElasticsearchSection)
    if is_local and not (config.data / "state").exists():
        if config.api.oidc is None:
            raise no_keys(config.api.listen)
        return "OpenID Connect"
    state = open_state(config, clock)
    try:
        await check_keys(config, state, clock)
    finally:
        await state.close()
    return (
        f"there are some for {config.api.listen}" if config.api.oidc is None else "OpenID Connect"
    )


def _is_writable(folder: Path) -> bool:
    """Could this folder be used, or made?"""
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    has_room = os.statvfs(there).f_blocks > 0  # those of the kernel itself, as /proc, have none
    return there.is_dir() and has_room and os.access(there, os.W_OK | os.X_OK)
