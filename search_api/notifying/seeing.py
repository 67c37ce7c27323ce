"""Which alerts and silences concern somebody who sees a few services only?"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from logboom.matching import Matcher
from logboom.state import State
from search_api.alerts.keeping import details

_SERVICE = "service.name"
NEEDED = (
    'this key is limited to services: name one of them with service.name="…" among the matchers'
)


class Seeing:
    """What whoever asks may silence, acknowledge and see.

    Args:
        state: Has the alerts.
        sees: Whether the caller sees events of a service; of those without one for the empty name.
    """

    def __init__(self, state: State, sees: Callable[[str], bool]) -> None:
        self._state = state
        self._sees = sees

    @property
    def is_limited(self) -> bool:
        """Whether there is anything that the caller must not see."""
        return not self._sees("")

    def may_silence(self, matchers: Iterable[Matcher]) -> bool:
        """Whether matchers fit alerts of services only that the caller sees."""
        return not self.is_limited or any(
            one.label == _SERVICE and one.operator == "=" and self._sees(one.value)
            for one in matchers
        )

    async def episodes(self) -> frozenset[str]:
        """The episodes of alerts that the caller sees.

        Raises:
            StateError: They cannot be read.
        """
        return frozenset(
            alert.episode
            for alert in await details(self._state)
            if self._sees(alert.labels.get(_SERVICE, ""))
        )

    async def sees_episode(self, episode: str) -> bool:
        """Whether the caller sees an alert; others can take care of any, also of one not known here.

        Raises:
            StateError: It cannot be known.
        """
        return not self.is_limited or episode in await self.episodes()
