"""Where does a configuration keep what services remember?"""

from __future__ import annotations

from logboom.clock import Clock
from logboom.config import Config, LocalStoreSection
from logboom.state.local import LocalState
from logboom.state.port import State


def open_state(config: Config, clock: Clock) -> State:
    """Opens the state, which is where the store is; nothing is asked of it yet.

    Args:
        config: Its sections `store`, `data` and `index` say where.
        clock: Tells when records are written.

    Raises:
        ConfigError: An address or a certificate of Elasticsearch cannot be used.
    """
    if isinstance(config.store, LocalStoreSection):
        return LocalState(config.data / "state", clock)
    from logboom.state.elastic import ElasticState  # noqa: PLC0415 - only when it is configured

    return ElasticState(config.store, config.index, clock)
