"""Which store does a configuration name?"""

from __future__ import annotations

from logboom.clock import Clock
from logboom.config import Config, LocalStoreSection
from logboom.store.port import Store


async def open_store(config: Config, *, clock: Clock) -> Store:
    """Opens the configured store, and asks nothing of it yet; only its library is imported.

    Args:
        config: Its sections `store`, `data` and `index` say which store, where, and under which names.
        clock: Asked for the time.

    Raises:
        ConfigError: An address or a certificate cannot be used.
    """
    if isinstance(config.store, LocalStoreSection):
        from logboom.store.local import open_local  # noqa: PLC0415 - only when it is configured

        return open_local(config.store, config, clock)
    from logboom.store.elastic import open_elasticsearch  # noqa: PLC0415 - only when it is configured

    return await open_elasticsearch(config.store, config, clock)
