"""Can anybody come in, where keys are needed?"""

from __future__ import annotations

from logboom.clock import Clock
from logboom.config import Config
from logboom.errors import ConfigError
from logboom.keys.book import KeyBook
from logboom.state import State


async def check_keys(config: Config, state: State, clock: Clock) -> None:
    """Sees that somebody can come in.

    Raises:
        ConfigError: Keys are needed, and there is none.
        StateError: The keys cannot be known.
    """
    section = config.api
    if not section.needs_keys or section.oidc is not None or await KeyBook(state, clock).keys():
        return
    raise no_keys(section.listen)


def no_keys(listen: str) -> ConfigError:
    """What is said where keys are needed and there is none."""
    return ConfigError(
        f"{listen} needs API keys, and there is none yet",
        where="api.listen",
        mend="make the first one with `logboom keys create admin --scope admin -c FILE`, or listen on"
        " 127.0.0.1 without `auth`",
    )
